// Building and updating DOM. Text only ever enters through text nodes and attributes, never as markup.

/** An element; strings among the children become text, null and false are left out. */
export function h(tag, props = {}, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") el.className = value;
    else if (name === "data") for (const [k, v] of Object.entries(value)) { if (v !== undefined && v !== null) el.dataset[k] = v; }
    else if (name === "on") for (const [type, fn] of Object.entries(value)) el.addEventListener(type, fn);
    else if (name === "vars") for (const [k, v] of Object.entries(value)) el.style.setProperty(k, v);
    else el.setAttribute(name, value === true ? "" : String(value));
  }
  return fill(el, ...children);
}

export function fill(el, ...children) {
  el.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return el;
}

/** What an interactive element stands for. Kept beside the node, not in a closure, so an edited card acts on its new values. */
const bindings = new WeakMap();
export const bind = (el, binding) => { bindings.set(el, binding); return el; };
export const bindingOf = (el) => bindings.get(el);

/** Belongs to the person, not to the message: survives an update of the node it sits on. */
const PERSONAL = new Set(["aria-busy", "open"]);

/** Change `from` into `to`, keeping every node that means the same: focus, scroll and half-typed text stay. */
export function morph(from, to) {
  if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName || keyOf(from) !== keyOf(to)) {
    from.replaceWith(to);
    return to;
  }
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
    return from;
  }
  const reset = isControl(from) && initialOf(from) !== initialOf(to);
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && !PERSONAL.has(name)) from.removeAttribute(name);
  }
  for (const { name, value } of [...to.attributes]) {
    if (from.getAttribute(name) !== value && !PERSONAL.has(name)) from.setAttribute(name, value);
  }
  if (bindings.has(to)) bindings.set(from, bindings.get(to)); else bindings.delete(from);
  if (from.nodeName === "TEXTAREA") { if (reset) from.value = to.value; return from; }
  morphChildren(from, to);
  if (reset) {
    if (from.type === "checkbox" || from.type === "radio") from.checked = to.checked; else from.value = to.value;
  }
  return from;
}

export function morphChildren(from, to) {
  const wanted = new Set([...to.childNodes].map(keyOf).filter(Boolean));
  for (const child of [...from.childNodes]) {
    const key = keyOf(child);
    if (key && !wanted.has(key)) child.remove();
  }
  const keyed = new Map([...from.childNodes].filter(keyOf).map((n) => [keyOf(n), n]));
  let at = from.firstChild;
  for (const next of [...to.childNodes]) {
    const key = keyOf(next);
    const match = key ? keyed.get(key) : (at && !keyOf(at) && at.nodeName === next.nodeName ? at : null);
    if (!match) { from.insertBefore(next, at); continue; }
    if (match !== at) from.insertBefore(match, at);
    at = match.nextSibling;
    morph(match, next);
  }
  while (at) { const gone = at; at = at.nextSibling; gone.remove(); }
}

const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.dataset.key : undefined);
const isControl = (el) => el.matches("input, textarea, select");
const initialOf = (el) => JSON.stringify([el.name, el.dataset.initial ?? el.defaultValue, el.defaultChecked]);

/** Show `items` ({key, same, build}) in order inside `box`; an item whose `same` is unchanged is not touched. */
export function reconcile(box, items) {
  const have = new Map([...box.children].map((n) => [n.dataset.key, n]));
  const wanted = new Set(items.map((i) => i.key));
  for (const [key, node] of have) if (!wanted.has(key)) node.remove();
  let at = box.firstElementChild;
  for (const item of items) {
    let node = have.get(item.key);
    if (!node) {
      node = item.build();
      node.dataset.key = item.key;
      box.insertBefore(node, at);
    } else {
      if (node !== at) box.insertBefore(node, at);
      if (!sameAs(node.madeFrom, item.same)) {
        const fresh = item.build();
        fresh.dataset.key = item.key;
        node = holdingFocus(node, () => morph(node, fresh));
      }
    }
    node.madeFrom = item.same;
    at = node.nextElementSibling;
  }
}

const sameAs = (a, b) => Boolean(a) && a.length === b.length && a.every((x, i) => x === b[i]);

/** Run `change` on `node`; if the focused control inside disappeared, focus its namesake or else the node itself. */
export function holdingFocus(node, change) {
  const focused = node.contains(document.activeElement) ? document.activeElement : null;
  const name = focused?.dataset.action;
  const result = change();
  if (focused && !focused.isConnected) {
    const heir = name && [...result.querySelectorAll("[data-action]")].find((el) => el.dataset.action === name);
    if (!heir && !result.hasAttribute("tabindex")) result.setAttribute("tabindex", "-1");
    (heir || result).focus({ preventScroll: true });
  }
  return result;
}
