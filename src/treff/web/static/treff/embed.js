/* For other sites: <script src="https://TREFF/static/treff/embed.js" data-book="/book/WORKSPACE/TYPE/" async></script>
   Puts the booking page where the script stands, as high as it needs to be. */
(() => {
  const script = document.currentScript;
  const origin = new URL(script.src).origin;
  const frame = document.createElement("iframe");
  const address = new URL(script.dataset.book, origin);
  address.searchParams.set("embed", "1");
  if (address.origin !== origin) return;
  Object.assign(frame, { src: address.href, title: script.dataset.title || "Booking", loading: "lazy" });
  Object.assign(frame.style, { width: "100%", height: "44rem", border: "0" });
  window.addEventListener("message", ({ data, origin: from, source }) => {
    if (from !== origin || source !== frame.contentWindow || !data || data.type !== "treff:height") return;
    if (Number.isFinite(data.height)) frame.style.height = `${Math.min(Math.max(data.height, 200), 5000)}px`;
  });
  script.after(frame);
})();
