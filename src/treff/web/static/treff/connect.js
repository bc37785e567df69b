/* Connecting a video account.
 *
 * On the page that has <form data-connect="PROVIDER">: the consent page opens in a popup; when the popup's last page says on
 * the channel 'treff-connect' that it is done, the account's card refreshes itself. Where popups are blocked the form is
 * sent as it is (display=page) and the whole page goes to the consent page and comes back.
 * On the popup's last page, <body data-connect-result="done|failed">: tell the other pages, and close when done.
 */
"use strict";

(() => {
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("treff-connect") : null;
  const refreshCards = () => document.body.dispatchEvent(new CustomEvent("treff:connect"));
  let popup = null;

  const openPopup = () => {
    const width = 640;
    const height = 760;
    const left = Math.max(0, Math.round(window.screenX + (window.outerWidth - width) / 2));
    const top = Math.max(0, Math.round(window.screenY + (window.outerHeight - height) / 2));
    return window.open("", "treff-connect", `popup=yes,width=${width},height=${height},left=${left},top=${top}`);
  };

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-connect]");
    if (!form) return;
    popup = openPopup();
    form.elements.display.value = popup ? "popup" : "page";
    form.target = popup ? "treff-connect" : "";
    if (!popup) return;
    const note = form.querySelector("[data-connect-note]");
    if (note) note.hidden = false;
    popup.focus();
  });

  if (channel) {
    channel.addEventListener("message", (event) => {
      if (event.data && (event.data.type === "done" || event.data.type === "failed")) refreshCards();
    });
  }

  // A message can be missed, for instance when the popup came back under another host name: look when the user is back.
  window.addEventListener("focus", () => {
    if (popup) refreshCards();
    if (popup && popup.closed) popup = null;
  });

  const result = document.body.dataset.connectResult;
  if (!result) return;
  if (channel) channel.postMessage({ type: result, provider: document.body.dataset.connectProvider || "" });
  // The consent page may have cut the tie to its opener, so the window's name tells a popup from a full page.
  if (result === "done" && (window.opener || window.name === "treff-connect")) {
    setTimeout(() => window.close(), 900);
  }
})();
