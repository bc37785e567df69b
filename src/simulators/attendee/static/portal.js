// Keeps the portal's lists fresh: asks for them every two seconds and puts them in place only when they changed,
// so that a button somebody is about to press is not replaced under the pointer for nothing.
const content = document.getElementById("content");
let shown = null;

async function refresh() {
  if (!document.hidden) {
    try {
      const response = await fetch(content.dataset.source);
      const text = await response.text();
      if (response.ok && text !== shown) {
        replace(text); // the first time too: something may have happened since the page was written
        shown = text;
      }
    } catch {
      // The simulator is restarting; the next round finds it again.
    }
  }
  setTimeout(refresh, 2000);
}

function replace(text) {
  const focused = document.activeElement?.getAttribute("aria-label");
  content.innerHTML = text;
  if (focused) content.querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus();
}

refresh();
