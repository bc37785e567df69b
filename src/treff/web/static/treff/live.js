/* Small things that pages do by themselves. Every page also works without this file. */
"use strict";

(() => {
  const on = (type, selector, handle) =>
    document.addEventListener(type, (event) => {
      const element = event.target instanceof Element ? event.target.closest(selector) : null;
      if (element) handle(element, event);
    });

  /* Polled parts: swap only what changed, so that focus stays and screen readers hear news only; rest while hidden. */
  const shape = (element) => {
    const copy = element.cloneNode(true);
    copy.removeAttribute("class");
    copy.querySelectorAll("[name=csrfmiddlewaretoken]").forEach((input) => input.remove());
    return copy.outerHTML.replace(/\s+/g, " ");
  };
  document.addEventListener("htmx:beforeSwap", (event) => {
    const target = event.detail.target;
    if (!target.matches("[data-live]") || event.detail.xhr.status !== 200) return;
    const fresh = new DOMParser().parseFromString(event.detail.serverResponse, "text/html").getElementById(target.id);
    if (!fresh) window.location.reload(); // another page came instead
    if (!fresh || shape(fresh) === shape(target)) event.detail.shouldSwap = false;
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    const polled = event.detail.requestConfig.triggeringEvent === undefined; // htmx's own timer sends no event along
    if (polled && document.hidden) event.preventDefault();
  });

  /* Dialogs: a link to the page that does the same becomes the button that opens the dialog. */
  const upgradeOpeners = (root) => {
    root.querySelectorAll("a[data-opens]").forEach((link) => {
      link.setAttribute("role", "button");
      link.setAttribute("aria-haspopup", "dialog");
    });
  };
  upgradeOpeners(document);
  document.addEventListener("htmx:afterSwap", () => upgradeOpeners(document));
  on("click", "a[data-opens]", (link, event) => {
    const dialog = document.getElementById(link.dataset.opens);
    if (!dialog || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    dialog.showModal();
    const first = dialog.querySelector(".dialog-body :is(input:not([type=hidden]), textarea, select, [data-closes])");
    if (first) first.focus();
  });
  on("keydown", "a[data-opens]", (link, event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    link.click();
  });
  on("click", "[data-closes]", (button, event) => {
    const dialog = button.closest("dialog");
    if (!dialog) return;
    event.preventDefault();
    dialog.close();
  });
  on("mousedown", "dialog", (dialog, event) => {
    if (event.target === dialog) dialog.close();
  });

  /* Menus: close on a click elsewhere and on Escape. */
  const closeMenus = (except) =>
    document.querySelectorAll("details.menu[open]").forEach((menu) => {
      if (menu !== except) menu.open = false;
    });
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.activeElement && document.activeElement.closest("details.menu[open]");
    closeMenus(null);
    if (menu) menu.querySelector("summary").focus();
  });

  /* Copy a link. The clipboard needs a secure address; elsewhere the old way does. */
  const copyText = async (button) => {
    const field = document.getElementById(button.dataset.copies);
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(field.value);
    field.select();
    if (!document.execCommand("copy")) throw new Error("copy refused");
  };
  on("click", "[data-copies]", async (button) => {
    const label = button.querySelector("[data-label]");
    const before = button.dataset.before || label.textContent;
    button.dataset.before = before;
    try {
      await copyText(button);
      label.textContent = button.dataset.done;
    } catch {
      document.getElementById(button.dataset.copies).select();
    }
    clearTimeout(button.resetTimer);
    button.resetTimer = setTimeout(() => { label.textContent = before; }, 2000);
  });
  on("focusin", "input[data-selects]", (input) => input.select());

  const tab = document.querySelector(".tabs [aria-current]");
  if (tab) tab.scrollIntoView({ block: "nearest", inline: "center" });

  on("click", "[data-dismisses]", (button) => button.closest(".alert").remove());

  /* Demo sign-ins: one click fills the form. */
  on("click", "[data-fills]", (button) => {
    const form = document.getElementById(button.dataset.fills);
    form.elements.login.value = button.dataset.login;
    form.elements.password.value = button.dataset.password;
    form.querySelector("[type=submit]").focus();
  });

  /* Rows of a table lead where their link leads; the link stays for keyboards and new tabs. */
  on("click", "tr[data-href]", (row, event) => {
    if (event.target.closest("a, button, input, label") || String(window.getSelection())) return;
    window.location.assign(row.dataset.href);
  });

  /* Addresses of lists name only what was chosen. */
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.target.matches("[data-lean]")) return;
    const values = event.detail.formData;
    [...values.entries()].forEach(([name, value]) => { if (!value) values.delete(name); });
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-lean]") || event.defaultPrevented) return;
    [...event.target.elements].forEach((field) => { field.disabled = field.name !== "" && !field.value; });
  });

  /* A booking type brings its length and provider along, as long as the user has not chosen their own. */
  const touched = new Set();
  document.addEventListener("input", (event) => touched.add(event.target.name));
  on("change", "[name=booking_type]", (select) => {
    const defaults = document.querySelector(`[data-booking-type="${CSS.escape(select.value)}"]`);
    const fields = select.form.elements;
    if (!defaults) return;
    if (defaults.dataset.duration && !touched.has("duration_minutes")) fields.duration_minutes.value = defaults.dataset.duration;
    const card = select.form.querySelector(`[name=provider][value="${CSS.escape(defaults.dataset.provider || "")}"]`);
    if (card && !card.disabled && !touched.has("provider")) card.checked = true;
  });

  /* Rows of times come and go without asking the server, which does the same for those without scripts. */
  on("click", "[data-adds-row]", (button, event) => {
    const spans = button.closest(".week-day").querySelector("[data-spans]");
    const template = spans && spans.querySelector("template");
    if (!template) return;
    event.preventDefault();
    const closed = spans.querySelector(".closed");
    if (closed) closed.hidden = true;
    template.before(template.content.cloneNode(true));
    template.previousElementSibling.querySelector("input").focus();
  });
  on("click", "[data-removes-row]", (button, event) => {
    event.preventDefault();
    const day = button.closest(".week-day");
    button.closest("[data-row]").remove();
    const closed = day.querySelector(".closed");
    if (closed && !day.querySelector("[data-row]")) closed.hidden = false;
    day.querySelector("[data-adds-row]").focus();
  });

  /* A free time fills in date and time, a length of the type the length; without this the server does. */
  on("click", "button[data-date], button[data-length]", (button, event) => {
    const fields = button.form.elements;
    event.preventDefault();
    if (button.dataset.date) {
      fields.date.value = button.dataset.date;
      fields.time.value = button.dataset.time;
      button.parentElement.querySelectorAll("button").forEach((other) => {
        other.setAttribute("aria-pressed", String(other === button));
      });
      return;
    }
    fields.duration_minutes.value = button.dataset.length;
    touched.add("duration_minutes");
    fields.duration_minutes.dispatchEvent(new Event("change", { bubbles: true }));
  });

  /* One click, one request: a second submit of the same form is swallowed while the first is under way. */
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.dataset.connect || "download" in form.dataset || event.defaultPrevented) return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "1";
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("[data-lean] :disabled").forEach((field) => { field.disabled = false; });
    document.querySelectorAll("form[data-sent]").forEach((form) => {
      delete form.dataset.sent;
      form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
    });
  });

  /* A preview follows what is typed. */
  let waiting;
  on("input", "form[data-previews]", (form) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => form.requestSubmit(form.querySelector("[data-preview]")), 400);
  });
})();
