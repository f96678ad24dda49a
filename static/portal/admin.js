// The export page of django-import-export has this handler in its markup, where the content security policy forbids it.
"use strict";

for (const toggle of document.querySelectorAll("input.select-toggle")) {
  toggle.id = toggle.name;
  toggle.addEventListener("change", onSelectToggleChange);
}
