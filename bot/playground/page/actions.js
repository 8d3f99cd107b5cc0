// A click or a choice inside any block, wherever it is shown: confirm, say that it works, deliver, say what went wrong.
import { bindingOf, h } from "./dom.js";
import { post } from "./api.js";
import { ask } from "./dialog.js";
import { isEmpty, valueOf } from "./elements.js";
import { plain, safeUrl } from "./mrkdwn.js";
import { store } from "./state.js";
import { toast, whilePressed } from "./notices.js";

/** Every value held in `root`, as view_submission and block_actions carry it. */
export function stateOf(root) {
  const values = {};
  for (const node of root.querySelectorAll("[data-action]")) {
    const b = bindingOf(node);
    const value = b && valueOf(node, b);
    if (value) (values[b.block.block_id] ??= {})[b.element.action_id] = value;
  }
  return { values };
}

export function listenForActions() {
  document.addEventListener("click", (event) => {
    const pick = event.target.closest(".overflow [data-option]");
    const node = pick ? pick.closest("details") : event.target.closest("button[data-action]");
    const b = node && bindingOf(node);
    if (!b) return;
    if (pick) {
      node.open = false;
      node.querySelector("summary").focus();
      const chosen = b.element.options[Number(pick.dataset.option)];
      if (chosen.url) open(chosen.url);
      deliver(node, b, { selected_option: chosen });
    } else {
      deliver(node, b, { value: b.element.value, text: b.element.text });
    }
  });
  document.addEventListener("change", (event) => {
    const node = event.target.closest("[data-action]");
    const b = node && bindingOf(node);
    if (!b) return;
    if (node.matches("details.many")) summarise(node, b);
    else if (acts(b) && !(node.dataset.external !== undefined && isEmpty(valueOf(node, b)))) deliver(node, b, valueOf(node, b));
  });
  // A multi-select says what was chosen once, when it closes.
  document.addEventListener("toggle", (event) => {
    const node = event.target;
    const b = node.matches?.("details.many") && bindingOf(node);
    if (!b) return;
    const now = JSON.stringify(valueOf(node, b));
    if (node.open) node.before_ = now;
    else if (acts(b) && node.before_ !== undefined && node.before_ !== now) deliver(node, b, valueOf(node, b));
  }, true);
  document.addEventListener("keydown", (event) => {
    const node = event.target.closest?.("input[data-action]");
    const b = node && bindingOf(node);
    if (event.key === "Enter" && b?.block.dispatch_action && b.element.type === "plain_text_input") {
      event.preventDefault();
      deliver(node, b, valueOf(node, b));
    }
  });
}

/** Inside an input block a choice only waits for the submit, unless the app asked to hear of it. */
const acts = (b) => b.block.type !== "input" || (b.block.dispatch_action && b.element.type !== "plain_text_input");

function summarise(node, b) {
  const value = valueOf(node, b);
  const names = [...node.querySelectorAll("input:checked")].map((i) => i.parentElement.textContent);
  node.querySelector(".chosen").textContent = isEmpty(value) ? node.dataset.empty : names.join(", ");
  const most = b.element.max_selected_items;
  if (most) node.querySelectorAll("input:not(:checked)").forEach((i) => { i.disabled = names.length >= most; });
}

const open = (url) => { if (safeUrl(url)) window.open(safeUrl(url), "_blank", "noopener,noreferrer"); };

async function deliver(node, { element, block, context }, values) {
  if (node.getAttribute("aria-busy") === "true") return;
  if (element.confirm && !(await ask({
    title: plain(element.confirm.title?.text), text: element.confirm.text, yes: plain(element.confirm.confirm?.text) || "Yes",
    no: plain(element.confirm.deny?.text) || "Cancel", danger: element.confirm.style === "danger" || element.style === "danger",
  }))) return undo(node, element);
  if (element.url) open(element.url);
  clearError(node);
  node.setAttribute("aria-busy", "true");
  const root = node.closest("[data-container]") ?? document.body;
  const answer = await whilePressed(post("action", {
    as: store.me, container: context.container,
    action: { type: element.type, block_id: block.block_id, action_id: element.action_id, ...values },
    state: stateOf(root),
  }));
  node.removeAttribute("aria-busy");
  if (!answer.ok) showError(node, answer.error ?? "The app did not respond.");
}

function undo(node, element) {
  if (node.nodeName === "SELECT") node.value = element.initial_option?.value ?? element.initial_user ?? "";
}

function showError(node, text) {
  const at = node.isConnected ? node.closest(".block, .attachment") : null;
  if (!at) return toast("error", text);
  at.append(h("p", { class: "block-error", role: "alert" }, text));
}

function clearError(node) {
  node.closest(".block, .attachment")?.querySelectorAll(".block-error").forEach((el) => el.remove());
}

