// Nothing here is needed: every form has its button, every menu opens without it.
"use strict";

for (const each of document.querySelectorAll("[data-with-script]")) each.hidden = false;

// A choice that is saved as soon as it is made, without leaving the page: other forms on it may have edits.
for (const form of document.querySelectorAll("form[data-save-at-once]")) {
  const button = form.querySelector("[data-without-script]");
  const result = form.querySelector("[data-result]");
  if (button) button.hidden = true;
  form.addEventListener("change", async () => {
    result.textContent = "Saving …";
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new FormData(form),
        headers: { Accept: "application/json" },
        redirect: "error",
      });
      const errors = answer.ok ? {} : (await answer.json()).errors;
      result.textContent = answer.ok ? "Saved." : Object.values(errors).flat().join(" ");
    } catch {
      result.textContent = "This was not saved: the portal did not answer. Please choose again.";
    }
  });
}

// Edits that are not saved survive whatever loads the page again: the button of another form, a refusal, a link and
// the way back. They are kept for this tab, by page and company, until their own form is saved.
const kept = [...document.querySelectorAll("form[data-keep-edits]")];
const companyOf = (form) => form.elements.company?.value ?? "";
const keyOf = (form) => `edits of ${companyOf(form)} ${location.pathname} ${form.dataset.keepEdits}`;
const fieldsOf = (form) => [...form.elements].filter((field) => field.name && !["hidden", "submit"].includes(field.type));
const isEdited = (field) => {
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected);
  return field.value !== field.defaultValue;
};
const valueOf = (field) => (["checkbox", "radio"].includes(field.type) ? field.checked : field.value);

function keepEdits(form, sent) {
  const edits = fieldsOf(form).filter(isEdited).map((field) => [field.name, field.type, field.defaultValue, valueOf(field)]);
  if (edits.length) sessionStorage.setItem(keyOf(form), JSON.stringify({ sent, edits }));
  else sessionStorage.removeItem(keyOf(form));
}

function restoreEdits(form) {
  const stored = JSON.parse(sessionStorage.getItem(keyOf(form)) ?? "null");
  sessionStorage.removeItem(keyOf(form));
  if (!stored || stored.sent) return;
  for (const [name, type, value, edited] of stored.edits) {
    const ticked = ["checkbox", "radio"].includes(type);
    const field = fieldsOf(form).find((each) => each.name === name && (!ticked || each.defaultValue === value));
    if (field && ticked) field.checked = edited;
    else if (field) field.value = edited;
  }
  showUnsaved(form);
}

function showUnsaved(form) {
  const note = form.querySelector("[data-unsaved]");
  if (note) note.hidden = !fieldsOf(form).some(isEdited);
  for (const around of fieldsOf(form).filter(isEdited).map((field) => field.closest("details"))) {
    if (around) around.open = true;
  }
}

let sentForm = null;
for (const form of kept) {
  restoreEdits(form);
  form.addEventListener("input", () => showUnsaved(form));
  form.addEventListener("submit", () => { sentForm = form; });
}
addEventListener("pagehide", () => kept.forEach((form) => keepEdits(form, form === sentForm)));
addEventListener("pageshow", (event) => { if (event.persisted) sentForm = null; });

// What was refused is not saved: its form shows it again.
if (document.querySelector("[data-refused]")) {
  for (const key of Object.keys(sessionStorage).filter((each) => each.startsWith("edits of "))) {
    sessionStorage.setItem(key, JSON.stringify({ ...JSON.parse(sessionStorage.getItem(key)), sent: false }));
  }
}

// A box that ticks all of its form's boxes.
for (const all of document.querySelectorAll("input[data-tick-all]")) {
  all.closest("label").hidden = false;
  all.addEventListener("change", () => {
    for (const box of document.querySelectorAll(`input[name="${all.dataset.tickAll}"]`)) box.checked = all.checked;
  });
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Press Ctrl+C";
    }
  });
}

// What stands on the page as a message is shown above it; Enter presses its button, and Escape closes it.
for (const dialog of document.querySelectorAll("dialog[data-modal]")) {
  dialog.close();
  dialog.showModal();
  for (const link of dialog.querySelectorAll("a")) link.addEventListener("click", () => dialog.close());
}

// A menu closes when something else is touched, or with Escape.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
