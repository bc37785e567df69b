/* Public pages: everything works without this file, with a button more to press. */
"use strict";

(() => {
  /* Length, host and zone: chosen is asked for. */
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-sends-itself]");
    if (form) form.requestSubmit();
  });

  /* After a day was chosen the reader is at its times. */
  let chosen = false;
  document.addEventListener("htmx:beforeRequest", (event) => {
    chosen = event.detail.elt.matches("[data-day], #next-free");
  });
  document.addEventListener("htmx:afterSettle", () => {
    const title = chosen ? document.getElementById("times-title") : null;
    chosen = false;
    if (!title) return;
    title.focus({ preventScroll: true });
    title.scrollIntoView({ block: "nearest" });
  });

  /* In a frame: tell the page around how high this one is, if it is one that may show us. */
  const parents = document.body.dataset.parents;
  if (parents === undefined || window.parent === window) return;
  const around = () => {
    const known = window.location.ancestorOrigins;
    if (known && known.length) return known[0];
    return document.referrer ? new URL(document.referrer).origin : "";
  };
  const origin = around();
  if (origin !== window.location.origin && !parents.split(" ").includes(origin)) return;
  const tell = () => {
    const height = Math.ceil(document.body.getBoundingClientRect().height);
    window.parent.postMessage({ type: "treff:height", height }, origin);
  };
  new ResizeObserver(tell).observe(document.body);
  tell();
})();
