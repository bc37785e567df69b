/* What was typed survives the end of a session: it stays in this tab, for the user who typed it, for an hour at most, and never
 * leaves it but by the form. Passwords, files and what is marked data-forget are not kept. Nothing is sent by itself. */
"use strict";

(() => {
  const KEY = "treff.kept";
  const LONGEST = 60 * 60 * 1000;
  const SKIPPED = new Set(["hidden", "password", "file", "submit", "button", "image", "reset"]);
  const VERSIONS = new Set(["version"]); // of what was read, so that somebody else's change meanwhile is still noticed
  const reader = document.body.dataset.reader;
  const here = () => window.location.pathname + window.location.search;

  const read = () => {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEY));
      if (kept && Date.now() - kept.at < LONGEST) return kept;
    } catch { /* nothing is kept where storage is switched off */ }
    return null;
  };
  const write = (kept) => {
    try {
      if (kept) sessionStorage.setItem(KEY, JSON.stringify(kept));
      else sessionStorage.removeItem(KEY);
    } catch { /* as above */ }
  };

  const actionOf = (form) => new URL(form.getAttribute("action") || "", window.location.href).pathname;
  const twinsOf = (form) => [...document.forms].filter((other) => other.method === "post" && actionOf(other) === actionOf(form));
  const isKept = (field) =>
    field.name && !field.closest("[data-forget]") && !/password|one-time-code/.test(field.autocomplete || "") &&
    (VERSIONS.has(field.name) || !SKIPPED.has(field.type));
  const valueOf = (field) => {
    if (field.type === "checkbox" || field.type === "radio") return field.checked;
    return field.multiple && field.options ? [...field.selectedOptions].map((option) => option.value) : field.value;
  };
  const fill = (field, value) => {
    if (field.type === "checkbox" || field.type === "radio") field.checked = value;
    else if (Array.isArray(value)) [...field.options].forEach((option) => { option.selected = value.includes(option.value); });
    else field.value = value;
  };
  /* Which of several fields of a name: of checkboxes and radios that of the value, else the first, the second, ... */
  const placesOf = (form) => {
    const seen = new Map();
    return [...form.elements].filter(isKept).map((field) => {
      const chosen = field.type === "checkbox" || field.type === "radio" ? field.value : "";
      const number = seen.get(field.name + chosen) || 0;
      seen.set(field.name + chosen, number + 1);
      return { field, place: JSON.stringify([field.name, chosen, number]) };
    });
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (actionOf(form).startsWith("/accounts/logout/")) return write(null);
    if (!reader || form.method !== "post" || event.defaultPrevented || !actionOf(form).startsWith("/w/")) return;
    const values = placesOf(form).map(({ field, place }) => [place, valueOf(field)]);
    write({ reader, page: here(), action: actionOf(form), number: twinsOf(form).indexOf(form), values, at: Date.now(), ended: false });
  });

  /* Rows that scripts had added are added again, by the template that stands beside them. */
  const addRows = (form, place) => {
    const [name] = JSON.parse(place);
    const template = [...form.querySelectorAll("template")].find((each) => each.content.querySelector(`[name="${CSS.escape(name)}"]`));
    if (template) template.before(template.content.cloneNode(true));
  };
  const bringBack = (kept) => {
    const form = [...document.forms].filter((each) => each.method === "post" && actionOf(each) === kept.action)[kept.number];
    const rest = [];
    kept.values.forEach(([place, value]) => {
      const find = () => form && placesOf(form).find((each) => each.place === place);
      if (form && !find()) addRows(form, place);
      const found = find();
      if (found) fill(found.field, value);
      else if (typeof value === "string" && value && !VERSIONS.has(JSON.parse(place)[0])) rest.push(value);
    });
    const said = document.getElementById("kept-back").content.cloneNode(true).firstElementChild;
    said.querySelectorAll("[data-kept-rest]").forEach((part) => { part.hidden = !rest.length; });
    said.querySelector("ul").append(...rest.map((value) => Object.assign(document.createElement("li"), { textContent: value })));
    const typed = form && kept.values.length;
    (typed ? form : document.getElementById("content")).prepend(said);
    const dialog = form && form.closest("dialog");
    if (dialog) dialog.showModal();
    const folded = form && form.closest("details:not(.menu)");
    if (folded) folded.open = true;
    said.focus();
  };

  const kept = read();
  if (document.querySelector("[data-session-ended]")) {
    if (kept) write({ ...kept, ended: true });
  } else if (reader) {
    if (!kept || kept.reader !== reader || !kept.ended) write(null);
    else if (kept.page === here()) {
      write(null);
      bringBack(kept);
    }
  }

  /* A part of the page could not be read: the page stays, and says why. */
  const tell = (sentence) => {
    if (document.getElementById("session-ended")) return;
    const said = document.getElementById("kept-ended").content.cloneNode(true).firstElementChild;
    said.id = "session-ended";
    said.querySelector("[data-said]").textContent = sentence;
    document.getElementById("content").prepend(said);
  };
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status === 401) tell(event.detail.xhr.responseText);
  });
  document.addEventListener("treff:ended", (event) => tell(event.detail));
})();
