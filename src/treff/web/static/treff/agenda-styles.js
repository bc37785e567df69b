/* FullCalendar writes its rules into a <style> element, which our content security policy does not let be one. It takes
 * one that is there already: this element is called so and is no style to the browser, and its rules go into a sheet that
 * the page adopts. Without the font of its icons, which the policy does not let load: agenda.css draws them.
 */
"use strict";

(() => {
  const adopted = new CSSStyleSheet();
  const element = document.createElementNS(null, "style");
  element.setAttribute("data-fullcalendar", "");
  element.sheet = {
    cssRules: adopted.cssRules,
    insertRule: (rule) => rule.startsWith("@font-face") || adopted.insertRule(rule, adopted.cssRules.length),
  };
  document.head.append(element);
  document.adoptedStyleSheets.push(adopted);
})();
