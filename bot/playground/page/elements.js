// Block Kit elements as native controls: a browser's own select, date and text fields are the accessible ones.
import { bind, fill, h } from "./dom.js";
import { chosenOf, external } from "./external.js";
import { icon } from "./icons.js";
import { plain, textObject } from "./mrkdwn.js";
import { nameOf, store } from "./state.js";

const label = (object) => plain(typeof object === "string" ? object : object?.text);
export const optionsOf = (el) => el.options ?? (el.option_groups ?? []).flatMap((g) => g.options ?? []);

/** The control for `element` of `block`; `context` says which message or view it belongs to. */
export function control(element, block, context) {
  const make = MAKERS[element.type];
  if (!make) return h("span", { class: "unsupported" }, `(${element.type})`);
  return make(element, { element, block, context });
}

const nameFor = (b) => `${b.context.key}/${b.block.block_id}/${b.element.action_id}`;
const held = (node, b) => {
  node.dataset.action = b.element.action_id ?? "";
  // Keyed, so that Approve never turns into Stop under a finger that is still pressing.
  node.dataset.key = node.dataset.action;
  return bind(node, b);
};

function button(element, b) {
  const style = ["primary", "danger"].includes(element.style) ? element.style : "";
  return held(h("button", {
    type: "button", class: `button ${style}`, "aria-label": element.accessibility_label,
    "aria-haspopup": element.confirm ? "dialog" : undefined,
  }, h("span", { class: "label" }, label(element.text)), element.url ? h("span", { class: "out", "aria-hidden": "true" }, "↗") : null), b);
}

const option = (value, text, selected) => h("option", { value, selected }, text);

function select(b, choices, initial) {
  const { element } = b;
  const groups = element.option_groups;
  const box = h("select", {
    name: nameFor(b), "aria-label": label(element.placeholder) || "Choose", data: { initial: initial ?? "" },
  }, option("", label(element.placeholder) || "Choose…", !initial));
  if (groups) {
    fill(box, groups.map((g) => h("optgroup", { label: label(g.label) }, g.options.map((o) => option(o.value, label(o.text), o.value === initial)))));
  } else fill(box, choices.map(([value, text]) => option(value, text, value === initial)));
  return held(box, b);
}

const people = () => store.users.filter((u) => !u.deleted).map((u) => [u.id, nameOf(u)]);
const rooms = () => store.channels.filter((c) => !c.is_im).map((c) => [c.id, `#${c.name}`]);
const staticChoices = (element) => optionsOf(element).map((o) => [o.value, label(o.text)]);

/** Many of a list: a disclosure with checkboxes, because a native multiple select is a trap on a phone. */
function many(b, choices, initial) {
  const { element } = b;
  const on = new Set(initial);
  const empty = label(element.placeholder) || "Choose…";
  const names = choices.filter(([v]) => on.has(v)).map(([, t]) => t);
  return held(h("details", { class: "many", data: { empty } },
    h("summary", {}, h("span", { class: "chosen" }, names.join(", ") || empty)),
    h("div", { class: "pop", role: "group", "aria-label": empty }, choices.map(([value, text]) => h("label", { class: "check" },
      h("input", { type: "checkbox", name: nameFor(b), value, checked: on.has(value) }), h("span", {}, text)))),
  ), b);
}

function choiceList(type, b, initial) {
  const on = new Set(initial);
  return held(h("div", { class: "choices", role: type === "radio" ? "radiogroup" : "group" }, (b.element.options ?? []).map((o) => h("label", { class: "check" },
    h("input", { type, name: nameFor(b), value: o.value, checked: on.has(o.value) }),
    h("span", {}, textObject(o.text), o.description ? h("small", {}, textObject(o.description)) : null)))), b);
}

function overflow(element, b) {
  return held(h("details", { class: "menu overflow" },
    h("summary", { class: "icon-button", "aria-label": "More actions" }, icon("more")),
    h("div", { class: "pop", role: "menu" }, (element.options ?? []).map((o, i) => h("button", { type: "button", role: "menuitem", data: { option: i } },
      label(o.text), o.description ? h("small", {}, label(o.description)) : null)))), b);
}

function text(type, b) {
  const { element } = b;
  const multiline = type === "text" && element.multiline;
  const initial = element.initial_value ?? "";
  const box = h(multiline ? "textarea" : "input", {
    type: multiline ? undefined : type, name: nameFor(b), rows: multiline ? 4 : undefined, autocomplete: "off",
    placeholder: label(element.placeholder), data: { initial }, step: element.is_decimal_allowed ? "any" : undefined,
    min: element.min_value, max: element.max_value,
  });
  box.value = initial;
  return held(box, b);
}

function dated(type, key, b) {
  const initial = b.element[key] ?? "";
  const box = h("input", { type, name: nameFor(b), data: { initial }, "aria-label": label(b.element.placeholder) || undefined });
  box.value = initial;
  return held(box, b);
}

/** A moment, written in the reader's own time and sent as seconds. */
function moment(b) {
  const at = b.element.initial_date_time;
  const local = at ? new Date(at * 1000 - new Date(at * 1000).getTimezoneOffset() * 60_000).toISOString().slice(0, 16) : "";
  const box = h("input", { type: "datetime-local", name: nameFor(b), data: { initial: local } });
  box.value = local;
  return held(box, b);
}

const values = (list) => (list ?? []).map((o) => o.value);

const MAKERS = {
  button, overflow,
  workflow_button: button,
  image: (el) => picture(el),
  static_select: (el, b) => select(b, staticChoices(el), el.initial_option?.value),
  external_select: (el, b) => held(external(b), b),
  users_select: (el, b) => select(b, people(), el.initial_user),
  channels_select: (el, b) => select(b, rooms(), el.initial_channel),
  conversations_select: (el, b) => select(b, rooms(), el.initial_conversation),
  multi_static_select: (el, b) => many(b, staticChoices(el), values(el.initial_options)),
  multi_users_select: (el, b) => many(b, people(), el.initial_users),
  multi_channels_select: (el, b) => many(b, rooms(), el.initial_channels),
  multi_conversations_select: (el, b) => many(b, rooms(), el.initial_conversations),
  checkboxes: (el, b) => choiceList("checkbox", b, values(el.initial_options)),
  radio_buttons: (el, b) => choiceList("radio", b, values([el.initial_option].filter(Boolean))),
  datepicker: (el, b) => dated("date", "initial_date", b),
  timepicker: (el, b) => dated("time", "initial_time", b),
  datetimepicker: (el, b) => moment(b),
  plain_text_input: (el, b) => text("text", b),
  number_input: (el, b) => text("number", b),
  email_text_input: (el, b) => text("email", b),
  url_text_input: (el, b) => text("url", b),
};

/** What a control holds now, in the shape Slack sends it; null for what carries no state (buttons, pictures). */
export function valueOf(node, b) {
  const { element } = b;
  const { type } = element;
  const picked = () => [...node.querySelectorAll("input:checked")].map((i) => i.value);
  const asOption = (value) => optionsOf(element).find((o) => o.value === value) ?? null;
  switch (type) {
    case "external_select": return { type, selected_option: chosenOf(node) };
    case "static_select": return { type, selected_option: asOption(node.value) };
    case "users_select": return { type, selected_user: node.value || null };
    case "channels_select": return { type, selected_channel: node.value || null };
    case "conversations_select": return { type, selected_conversation: node.value || null };
    case "multi_static_select": case "checkboxes": return { type, selected_options: picked().map(asOption).filter(Boolean) };
    case "multi_users_select": return { type, selected_users: picked() };
    case "multi_channels_select": return { type, selected_channels: picked() };
    case "multi_conversations_select": return { type, selected_conversations: picked() };
    case "radio_buttons": return { type, selected_option: asOption(picked()[0]) };
    case "datepicker": return { type, selected_date: node.value || null };
    case "timepicker": return { type, selected_time: node.value || null };
    case "datetimepicker": return { type, selected_date_time: node.value ? Math.floor(new Date(node.value).getTime() / 1000) : null };
    case "plain_text_input": case "number_input": case "email_text_input": case "url_text_input": return { type, value: node.value || null };
    default: return null;
  }
}

export const isEmpty = (value) => !value || Object.entries(value).every(([k, v]) => k === "type" || v === null || v === "" || (Array.isArray(v) && v.length === 0));

/** A picture from this server or inline; one from elsewhere is named, not fetched: this workspace is offline. */
export function picture(image) {
  const alt = image.alt_text ?? "";
  const url = image.image_url ?? "";
  if (url.startsWith("data:image/") || (URL.canParse(url, location.href) && new URL(url, location.href).origin === location.origin)) {
    return h("img", { src: url, alt, loading: "lazy" });
  }
  return h("span", { class: "picture", role: "img", "aria-label": alt, title: url }, alt || "Picture");
}

