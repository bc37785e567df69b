/* The reader's time zone, as long as the address names none: asked for once, before anything is drawn. */
"use strict";

(() => {
  const shown = document.querySelector('meta[name="treff-zone"]');
  if (!shown || !("Intl" in window)) return;
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || zone === shown.content || zone.startsWith("Etc/")) return;
  const address = new URL(window.location.href);
  address.searchParams.set("tz", zone);
  window.location.replace(address);
})();
