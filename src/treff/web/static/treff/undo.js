/* What was done a moment ago: counts down, and takes the button away when it would be too late. The server keeps the time
 * by itself; without this file the button stays, and says so when it is pressed too late. */
"use strict";

(() => {
  const end = (place) => {
    clearInterval(place.undoTimer);
    const form = place.querySelector("[data-undo-form]");
    if (!form) return;
    const hadFocus = form.contains(document.activeElement);
    form.remove();
    if (hadFocus) document.getElementById("content").focus();
  };
  const start = (place) => {
    const ends = performance.now() + 1000 * Number(place.dataset.undo);
    const left = place.querySelector("[data-left]");
    const tick = () => {
      const seconds = Math.ceil((ends - performance.now()) / 1000);
      if (seconds <= 0) return end(place);
      left.textContent = ` ${seconds}`;
    };
    clearInterval(place.undoTimer);
    place.undoTimer = setInterval(tick, 250);
    tick();
  };
  document.querySelectorAll("[data-undo]").forEach(start);
  document.addEventListener("treff:undo", (event) => start(event.target));

  /* The key that undoes things everywhere, where nothing is being typed. */
  document.addEventListener("keydown", (event) => {
    const button = document.querySelector("[data-undo-form] [type=submit]");
    const pressed = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "z";
    if (!button || !pressed || event.target.closest("input, textarea, select, [contenteditable]")) return;
    event.preventDefault();
    button.form.requestSubmit(button);
  });
})();
