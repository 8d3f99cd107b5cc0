// Dialogs of the page itself: confirm, pick from a list, read something. All are native modal dialogs with a closed tab ring.
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { textObject } from "./mrkdwn.js";

/** An open modal dialog that removes itself when closed and gives the focus back. */
export function dialog({ title, className = "", label }, ...children) {
  const back = document.activeElement;
  const el = h("dialog", { class: className, "aria-label": label ?? title });
  if (title) {
    el.append(h("header", {}, h("h2", {}, title), h("button", {
      type: "button", class: "icon-button", "aria-label": "Close", on: { click: () => el.close() },
    }, icon("close"))));
  }
  fill(el, ...children);
  el.addEventListener("pointerdown", (event) => { if (outside(el, event)) el.close(); });
  el.addEventListener("close", () => { el.remove(); if (back?.isConnected) back.focus({ preventScroll: true }); });
  trap(el);
  document.body.append(el);
  el.showModal();
  return el;
}

/** A press on the backdrop: it arrives at the dialog, but beside its box. */
export function outside(el, event) {
  const box = el.getBoundingClientRect();
  return event.target === el && (event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom);
}

/** Tab stays inside: from the last control to the first and back. */
export function trap(el) {
  el.addEventListener("keydown", (event) => {
    if (event.key !== "Tab") return;
    const stops = [...el.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
      .filter((n) => !n.disabled && n.checkVisibility({ visibilityProperty: true }));
    const edge = event.shiftKey ? stops[0] : stops.at(-1);
    if (document.activeElement !== edge && el.contains(document.activeElement) && document.activeElement !== el) return;
    event.preventDefault();
    (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
  });
}

/** Block Kit's confirm object; true when confirmed. */
export function ask({ title, text, yes, no, danger }) {
  return new Promise((resolve) => {
    const el = dialog({ label: title, className: "confirm" },
      h("h2", {}, title), h("div", { class: "text" }, textObject(text)),
      h("div", { class: "row end" },
        h("button", { type: "button", class: "button", on: { click: () => el.close() } }, no),
        h("button", { type: "button", class: `button ${danger ? "danger" : "primary"}`, on: { click: () => { el.returnValue = "yes"; el.close("yes"); } } }, yes)));
    el.addEventListener("close", () => resolve(el.returnValue === "yes"));
    el.querySelector(".button:last-child").focus();
  });
}

/** Type to narrow, arrows to move, Enter to take. `entries`: {label, node, take, disabled?}. */
export function choose(title, placeholder, entries) {
  const list = h("div", { role: "listbox", class: "listbox", id: "choices", "aria-label": title });
  const input = h("input", {
    type: "text", role: "combobox", placeholder, "aria-label": placeholder, "aria-controls": "choices", "aria-expanded": "true",
    autocomplete: "off", spellcheck: "false",
  });
  const el = dialog({ title, className: "choose" }, input, list);
  let at = 0;
  let shown = [];
  const take = (entry) => { if (entry && !entry.disabled) { el.close(); entry.take(); } };
  const draw = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    shown = entries.filter((e) => words.every((w) => e.label.toLowerCase().includes(w)));
    at = Math.max(0, Math.min(at, shown.length - 1));
    list.replaceChildren(...shown.map((entry, i) => h("div", {
      role: "option", id: `choice-${i}`, class: "choice", "aria-selected": String(i === at), "aria-disabled": entry.disabled ? "true" : undefined,
      on: { click: () => take(entry) },
    }, entry.node())));
    if (!shown.length) list.append(h("p", { class: "quiet" }, "Nobody and nothing by that name."));
    input.setAttribute("aria-activedescendant", shown.length ? `choice-${at}` : "");
    list.children[at]?.scrollIntoView({ block: "nearest" });
  };
  input.addEventListener("input", () => { at = 0; draw(); });
  input.addEventListener("keydown", (event) => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move) { at = (at + move + shown.length) % (shown.length || 1); draw(); event.preventDefault(); }
    if (event.key === "Enter") { event.preventDefault(); take(shown[at]); }
  });
  draw();
  input.focus();
  return el;
}
