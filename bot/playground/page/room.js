// The head of the open channel: its name, topic, pins, tabs, and what one can do with it.
import { fill, h, morphChildren } from "./dom.js";
import { post } from "./api.js";
import { dialog } from "./dialog.js";
import { icon } from "./icons.js";
import { plain } from "./mrkdwn.js";
import { avatar, authorOf, kindBadge } from "./people.js";
import { channelById, isMember, messagesOf, nameOf, onChange, store, userById } from "./state.js";
import { toast } from "./notices.js";

export function startRoom() {
  const head = document.getElementById("room");
  const pins = document.getElementById("pins");
  onChange(() => {
    const channel = channelById(store.channel);
    if (!channel) return;
    morphChildren(head, fill(h("header"), channel.is_im ? appHead() : roomHead(channel)));
    const list = store.tab === "messages" ? (store.pins.get(channel.id) ?? []).map((ts) => messagesOf(channel.id).find((m) => m.ts === ts)).filter(Boolean) : [];
    pins.hidden = !list.length;
    morphChildren(pins, fill(h("div"), icon("pin", 14), list.map((m) => h("button", { type: "button", class: "pin", data: { jump: m.ts } }, gist(m)))));
  });
}

const gist = (m) => plain(m.blocks?.find((b) => b.type === "header")?.text?.text || m.text || "Pinned message").replace(/<[^>|]*\|?([^>]*)>/g, "$1").slice(0, 80);

function roomHead(channel) {
  return [
    h("h1", { data: { key: "title" } }, icon(channel.is_private ? "lock" : "hash", 17), h("span", {}, channel.name)),
    channel.is_ext_shared ? h("span", { class: "kind" }, "Shared with another company") : null,
    h("p", { class: "topic", data: { key: "topic" } }, plain(channel.topic?.value ?? channel.topic ?? "")),
    h("button", { type: "button", class: "icon-button members", "aria-label": `Members and settings of ${channel.name}`, data: { do: "settings", key: "members" } }, icon("people", 16), h("span", {}, String(channel.members?.length ?? 0))),
  ];
}

function appHead() {
  const tab = (name, title) => h("button", { type: "button", role: "tab", "aria-selected": String(store.tab === name), data: { channel: store.channel, tab: name, key: name }, tabindex: store.tab === name ? undefined : "-1" }, title);
  return [
    h("h1", { data: { key: "title" } }, avatar({ name: store.app.name ?? "App", color: store.app.user_color, isApp: true }, 24), h("span", {}, store.app.name)),
    h("div", { class: "tabs", role: "tablist", "aria-label": "App", data: { key: "tabs" } }, tab("home", "Home"), tab("messages", "Messages")),
  ];
}

/** Name and kind of a new channel; `done` answers an error text or null. */
export function channelForm(done) {
  const error = h("p", { class: "field-error", role: "alert" });
  const name = h("input", { type: "text", id: "channel-name", placeholder: "inc-2041-checkout-latency", autocomplete: "off", required: true });
  const closed = h("input", { type: "checkbox" });
  const shared = h("input", { type: "checkbox" });
  const form = h("form", { on: { submit: async (event) => {
    event.preventDefault();
    error.textContent = await done({ name: name.value.trim().replace(/^#/, ""), is_private: closed.checked, is_ext_shared: shared.checked }) ?? "";
  } } },
  h("label", { for: "channel-name", class: "input-label" }, "Name"), name,
  h("p", { class: "hint" }, "Lower case, digits, dashes. A name like inc-… is what an incident channel looks like to the app."),
  h("label", { class: "check" }, closed, h("span", {}, "Private: only members see it")),
  h("label", { class: "check" }, shared, h("span", {}, "Shared with another company")), error,
  h("div", { class: "row end" }, h("button", { type: "submit", class: "button primary" }, "Create")));
  return form;
}

export function settings() {
  const channel = channelById(store.channel);
  if (!channel || channel.is_im) return;
  const call = async (path, body, said) => {
    const answer = await post(path, { as: store.me, channel: channel.id, ...body });
    if (answer.ok) { el.close(); toast("info", said); } else error.textContent = answer.error ?? "That was not done.";
  };
  const error = h("p", { class: "field-error", role: "alert" });
  const outside = store.users.filter((u) => !u.deleted && !channel.members?.includes(u.id));
  const whom = h("select", { "aria-label": "Whom to add" }, outside.map((u) => h("option", { value: u.id }, `${nameOf(u)} (${u.kind})`)));
  const name = h("input", { type: "text", value: channel.name, "aria-label": "New name" });
  const press = (text, on, style = "") => h("button", { type: "button", class: `button ${style}`, on: { click: on } }, text);
  const el = dialog({ title: `#${channel.name}`, className: "form" },
    channel.purpose?.value ?? channel.purpose ? h("p", {}, plain(channel.purpose?.value ?? channel.purpose)) : null,
    h("h3", {}, `${channel.members?.length ?? 0} members`),
    h("ul", { class: "members" }, (channel.members ?? []).map(userById).filter(Boolean).map((u) => h("li", {}, avatar(authorOf({ user: u.id }), 22), h("span", {}, nameOf(u)), kindBadge(u)))),
    channel.is_archived ? null : [
      outside.length ? h("div", { class: "row" }, whom, press("Add", () => call("invite", { user: whom.value }, `${nameOf(userById(whom.value))} is in #${channel.name} now.`))) : null,
      h("div", { class: "row" }, name, press("Rename", () => call("rename", { name: name.value.trim() }, `The channel is #${name.value.trim()} now.`))),
      h("div", { class: "row" }, isMember(channel) ? null : press("Join", () => call("join", {}, `You are in #${channel.name} now.`), "primary"),
        press("Archive", () => call("archive", {}, `#${channel.name} is archived.`), "danger")),
    ], error);
}
