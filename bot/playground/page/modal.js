// The stack of views the app opened for the acting person. The lower ones keep what was typed into them.
import { h, reconcile } from "./dom.js";
import { blocks } from "./blocks.js";
import { post } from "./api.js";
import { stateOf } from "./actions.js";
import { trap } from "./dialog.js";
import { isEmpty } from "./elements.js";
import { icon } from "./icons.js";
import { plain } from "./mrkdwn.js";
import { closeView, onChange, store } from "./state.js";
import { say, toast, whilePressed } from "./notices.js";

const box = h("dialog", { id: "modal", "aria-labelledby": "modal-title" });
let top = null;
let back = null;

export function startModals() {
  document.body.append(box);
  trap(box);
  box.addEventListener("cancel", (event) => { event.preventDefault(); dismiss(); });
  // A browser closes a dialog on the second Escape without asking; the stack decides, not the browser.
  box.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.preventDefault(); dismiss(); } });
  onChange(render);
}

function render() {
  reconcile(box, store.views.map((view) => ({ key: `${store.me}/${view.id}`, same: [view], build: () => form(view) })));
  const now = store.views.at(-1) ?? null;
  [...box.children].forEach((el, i) => { el.hidden = i !== box.children.length - 1; });
  for (const title of box.querySelectorAll("h2")) title.id = title.closest("form").hidden ? "" : "modal-title";
  if (now && !box.open) { back = document.activeElement; box.showModal(); }
  if (!now && box.open) { box.close(); if (back?.isConnected) back.focus({ preventScroll: true }); }
  if (now && now.id !== top) focusFirst();
  top = now?.id ?? null;
}

function focusFirst() {
  const el = box.lastElementChild;
  const target = el.querySelector(".view-body :is(input, textarea, select, summary)") ?? el.querySelector("[type=submit]") ?? el.querySelector("footer button") ?? el.querySelector("button");
  target?.focus();
  say(el.querySelector("h2").textContent);
}

function form(view) {
  const context = { key: view.id, container: { type: "view", view_id: view.id } };
  const submits = view.submit || (view.blocks ?? []).some((b) => b.type === "input");
  return h("form", { novalidate: true, data: { view: view.id, container: "" }, on: { submit: (event) => { event.preventDefault(); submit(event.currentTarget); } } },
    h("header", {}, h("h2", {}, plain(view.title?.text)),
      h("button", { type: "button", class: "icon-button", "aria-label": "Close", on: { click: dismiss } }, icon("close"))),
    h("div", { class: "view-body" }, blocks(view.blocks, context)),
    h("p", { class: "view-error", role: "alert" }),
    h("footer", { class: "row end" },
      h("span", { class: "app-name" }, `from ${store.app.name ?? "the app"}`),
      h("button", { type: "button", class: "button", on: { click: dismiss } }, plain(view.close?.text) || "Cancel"),
      submits ? h("button", { type: "submit", class: "button primary" }, h("span", { class: "label" }, plain(view.submit?.text) || "Submit")) : null));
}

const viewOf = (el) => store.views.find((v) => v.id === el.dataset.view);

async function dismiss() {
  const view = store.views.at(-1);
  if (!view) return;
  closeView(view.id);
  const answer = await post("view/close", { as: store.me, view_id: view.id });
  if (!answer.ok && answer.error) toast("error", answer.error);
}

async function submit(el) {
  const view = viewOf(el);
  const button = el.querySelector("[type=submit]");
  if (!view || button.getAttribute("aria-busy") === "true") return;
  const state = stateOf(el);
  const missing = lacking(view, state.values, el);
  show(el, missing);
  if (Object.keys(missing).length) return;
  button.setAttribute("aria-busy", "true");
  const answer = await whilePressed(post("view/submit", { as: store.me, view_id: view.id, state }));
  button.removeAttribute("aria-busy");
  if (!el.isConnected || answer.ok) return;
  show(el, answer.errors ?? {}, answer.errors ? "" : answer.error ?? "The app did not respond.");
}

/** What Slack's own client refuses before the app is asked. */
function lacking(view, values, el) {
  const errors = {};
  for (const block of view.blocks ?? []) {
    if (block.type !== "input") continue;
    const value = values[block.block_id]?.[block.element.action_id];
    const { min_length: least, max_length: most } = block.element;
    if (isEmpty(value)) {
      const broken = el.querySelector(`[data-block="${CSS.escape(block.block_id)}"] input`)?.validity?.badInput;
      if (broken) errors[block.block_id] = "This is not a number.";
      else if (!block.optional) errors[block.block_id] = "Please complete this required field.";
    } else if (least && value.value?.length < least) errors[block.block_id] = `Please write at least ${least} characters.`;
    else if (most && value.value?.length > most) errors[block.block_id] = `Please write at most ${most} characters (now ${value.value.length}).`;
  }
  return errors;
}

function show(el, errors, whole = "") {
  el.querySelector(".view-error").textContent = whole;
  let first = null;
  const rest = { ...errors };
  for (const block of el.querySelectorAll(".block.input")) {
    const text = errors[block.dataset.block] ?? "";
    delete rest[block.dataset.block];
    block.querySelector(".field-error").textContent = text;
    const field = block.querySelector("input, textarea, select, summary");
    if (text) { field?.setAttribute("aria-invalid", "true"); first ??= field; } else field?.removeAttribute("aria-invalid");
  }
  if (Object.keys(rest).length) el.querySelector(".view-error").textContent = Object.values(rest).join(" ");
  const said = Object.values(errors);
  if (said.length) say(`Not accepted: ${said.join(" ")}`);
  first?.focus();
}

