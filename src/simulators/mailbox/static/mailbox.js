"use strict";

// Instants in the reader's own time zone; without this script they read in UTC.
const SAME_DAY = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const OTHER_DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const IN_FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

function localiseTimes(root) {
  for (const element of root.querySelectorAll("time[data-moment]")) {
    const moment = new Date(element.dateTime);
    const today = moment.toDateString() === new Date().toDateString();
    element.title = element.textContent;
    if (element.dataset.moment === "long") element.textContent = IN_FULL.format(moment);
    else element.textContent = (today ? SAME_DAY : OTHER_DAY).format(moment);
  }
}

// Lists refresh themselves. The server escapes everything, and a parsed document runs no scripts.
const REFRESH_EVERY = 2000;
const live = document.querySelector("[data-live]");
let shown = live ? live.innerHTML : "";

async function refresh() {
  if (document.hidden) return;
  const response = await fetch(location.href, { cache: "no-cache" });
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("[data-live]");
  if (!fresh || fresh.innerHTML === shown) return;
  shown = fresh.innerHTML;
  const focused = live.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  // The status line stays the same element, so that screen readers announce its new text.
  const status = live.querySelector("[role=status]");
  const news = fresh.querySelector("[role=status]");
  if (status && news) {
    status.replaceChildren(...news.childNodes);
    news.replaceWith(status);
  }
  localiseTimes(fresh);
  live.replaceChildren(...fresh.childNodes);
  if (focused) live.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
}

function keepRefreshing() {
  // A server that is down or starting again is looked for at the same pace.
  refresh().catch(() => {}).finally(() => setTimeout(keepRefreshing, REFRESH_EVERY));
}

// A mail's frame is as tall as the mail, so that the page scrolls as one.
function fitFrame(frame) {
  const page = frame.contentDocument;
  if (!page?.body) return;
  const fit = () => { frame.style.height = `${page.documentElement.offsetHeight}px`; };
  new ResizeObserver(fit).observe(page.documentElement);
  fit();
}

localiseTimes(document);
if (live) {
  setTimeout(keepRefreshing, REFRESH_EVERY);
  document.addEventListener("visibilitychange", () => refresh().catch(() => {}));
}
for (const frame of document.querySelectorAll("iframe")) {
  frame.addEventListener("load", () => fitFrame(frame));
  if (frame.contentDocument?.readyState === "complete") fitFrame(frame);
}
