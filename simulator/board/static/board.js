/* Asks for the live parts once a second and replaces only those that changed.
   A part in which somebody is choosing, or from which a card is being dragged, is left alone until the next second. */
(function () {
  "use strict";
  var live = document.getElementById("live");
  var pulse = document.getElementById("pulse");
  var dragged = null;

  function parts(root) {
    return Array.prototype.slice.call(root.querySelectorAll("[data-part]"));
  }

  function replace(html) {
    var fresh = new DOMParser().parseFromString(html, "text/html");
    parts(fresh).forEach(function (part) {
      var old = live.querySelector('[data-part="' + part.dataset.part + '"]');
      var busy = old !== document.activeElement && old.contains(document.activeElement);
      if (!busy && !(dragged && old.contains(dragged)) && old.innerHTML !== part.innerHTML) {
        old.innerHTML = part.innerHTML;
      }
    });
  }

  function say(text, lost) {
    if (pulse.textContent !== text) { pulse.textContent = text; }
    pulse.classList.toggle("lost", lost);
    pulse.classList.toggle("live", !lost);
  }

  function refresh() {
    if (document.hidden) { return Promise.resolve(); }
    return fetch(live.dataset.live, { cache: "no-store" }).then(function (answer) {
      if (!answer.ok) { throw new Error(String(answer.status)); }
      return answer.text();
    }).then(function (html) {
      replace(html);
      say("Live", false);
    }).catch(function () {
      say("The simulator does not answer", true);
    });
  }

  function again() {
    refresh().then(function () { window.setTimeout(again, 1000); });
  }

  live.addEventListener("dragstart", function (event) {
    dragged = event.target.closest(".card");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", "");
  });
  live.addEventListener("dragend", function () { dragged = null; });
  live.addEventListener("dragover", function (event) {
    if (dragged && event.target.closest(".column")) { event.preventDefault(); }
  });
  live.addEventListener("drop", function (event) {
    var column = event.target.closest(".column");
    if (!dragged || !column) { return; }
    event.preventDefault();
    var form = dragged.querySelector("form");
    form.elements.phase.value = column.dataset.phase;
    if (form.elements.phase.value) { form.submit(); }
  });

  document.querySelectorAll(".choices select").forEach(function (select) {
    select.addEventListener("change", function () { select.form.submit(); });
  });
  again();
})();
