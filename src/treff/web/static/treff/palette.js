/* The command palette (Ctrl or Cmd and K) and shortcuts. Without this file its links lead to the search page. */
"use strict";

(() => {
  const palette = document.getElementById("palette");
  const sheet = document.getElementById("shortcuts");
  if (!palette || !sheet) return;
  const form = palette.querySelector("form");
  const input = form.elements.q;
  const hits = document.getElementById("palette-hits");
  const says = palette.querySelector("[data-says]");

  /* Finding: the newest question alone is answered, and Enter opens nothing that an older one found. */
  let asked = null;
  let pause;
  const options = () => [...hits.querySelectorAll("[role=option]")];
  const chosen = () => hits.querySelector("[aria-selected=true]");
  const choose = (option) => {
    options().forEach((other) => other.setAttribute("aria-selected", String(other === option)));
    if (!option) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  };
  const find = async () => {
    if (asked) asked.abort();
    const mine = new AbortController();
    asked = mine;
    const query = new URLSearchParams({ q: input.value, part: "1" });
    try {
      const answer = await fetch(`${form.action}?${query}`, { signal: mine.signal, redirect: "error" });
      if (!answer.ok) throw new Error(answer.statusText);
      const text = await answer.text();
      if (asked !== mine) return;
      hits.innerHTML = text;
    } catch {
      if (asked === mine) hits.replaceChildren(); // Enter asks the page, which says what is wrong
      return;
    }
    says.textContent = hits.querySelector("[data-found]").dataset.found;
    choose(options()[0]);
  };
  input.addEventListener("focus", find);
  input.addEventListener("input", () => {
    if (asked) asked.abort();
    asked = null;
    choose(null);
    clearTimeout(pause);
    pause = setTimeout(find, 120);
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const all = options();
    const now = all.indexOf(chosen());
    const to = { ArrowDown: (now + 1) % all.length, ArrowUp: now > 0 ? now - 1 : all.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      choose(all[to]);
    } else if (event.key === "Enter" && chosen()) {
      event.preventDefault();
      chosen().click();
    }
  });
  palette.addEventListener("close", () => {
    clearTimeout(pause);
    if (asked) asked.abort();
    asked = null;
    form.reset();
    choose(null);
  });

  const open = (dialog) => {
    document.querySelectorAll("dialog[open]").forEach((other) => other.close());
    dialog.showModal(); // gives the focus back to where it was when it closes
    if (dialog === palette) input.focus();
  };
  palette.querySelector("[data-opens-shortcuts]").addEventListener("click", () => open(sheet));

  /* Single letters can be switched off (WCAG 2.1.4); storage may be refused. */
  const singles = sheet.querySelector("[data-single-keys]");
  try {
    singles.checked = localStorage.getItem("treff-single-keys") !== "off";
  } catch { /* on, as long as the page is open */ }
  singles.addEventListener("change", () => {
    try {
      localStorage.setItem("treff-single-keys", singles.checked ? "on" : "off");
    } catch { /* the same */ }
  });

  const links = new Map([...sheet.querySelectorAll("[data-keys]")].map((link) => [link.dataset.keys, link]));
  let first = "";
  let forget;
  const typing = (element) =>
    element instanceof Element && (element.closest("input, textarea, select") || element.isContentEditable);
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.repeat || event.altKey) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && !event.shiftKey) {
      event.preventDefault();
      if (palette.open) palette.close();
      else open(palette);
      return;
    }
    if (event.ctrlKey || event.metaKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (!singles.checked) return;
    const keys = first ? `${first} ${event.key}` : event.key;
    first = "";
    clearTimeout(forget);
    if (keys === "?") {
      event.preventDefault();
      open(sheet);
    } else if (links.has(keys)) {
      event.preventDefault();
      links.get(keys).click();
    } else if ([...links.keys()].some((known) => known.startsWith(`${keys} `))) {
      first = keys;
      forget = setTimeout(() => { first = ""; }, 1500);
    }
  });
})();
