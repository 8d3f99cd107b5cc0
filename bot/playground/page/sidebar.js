// The left column: channels, the app, the people; and who one acts as.
import { fill, h, morphChildren } from "./dom.js";
import { post } from "./api.js";
import { choose, dialog } from "./dialog.js";
import { icon } from "./icons.js";
import { avatar, authorOf, kindBadge } from "./people.js";
import { appChannel, isMember, nameOf, onChange, put, store, userById } from "./state.js";
import { go, switchTo } from "./route.js";
import { toast } from "./notices.js";
import { unread } from "./unread.js";
import { channelForm } from "./room.js";

export function startSidebar() {
  const side = document.getElementById("side");
  const menu = document.getElementById("menu");
  const scrim = document.getElementById("scrim");
  const narrow = matchMedia("(max-width: 780px)");
  menu.append(icon("menu"));
  menu.addEventListener("click", () => { put({ drawer: !store.drawer }); });
  scrim.addEventListener("click", () => { put({ drawer: false }); menu.focus(); });
  side.addEventListener("keydown", (event) => { if (event.key === "Escape" && store.drawer) { put({ drawer: false }); menu.focus(); } });
  narrow.addEventListener("change", () => put({ drawer: false }));
  document.getElementById("actas").addEventListener("click", actAs);
  let wasOpen = false;
  onChange(() => {
    const next = h("nav");
    fill(next, content());
    morphChildren(side, next);
    const open = !narrow.matches || store.drawer;
    side.inert = !open;
    side.classList.toggle("open", store.drawer);
    scrim.hidden = !store.drawer;
    menu.setAttribute("aria-expanded", String(store.drawer));
    if (store.drawer && !wasOpen) (side.querySelector("[aria-current]") ?? side.querySelector("a"))?.focus();
    wasOpen = store.drawer;
    const count = store.channels.reduce((sum, c) => sum + unread(c.id), 0);
    menu.classList.toggle("dot", narrow.matches && count > 0);
    drawMe();
  });
}

function content() {
  const rooms = store.channels.filter((c) => !c.is_im);
  const im = appChannel();
  return [
    h("div", { class: "side-head", data: { key: "h1" } }, h("h2", {}, "Channels"), h("button", { type: "button", class: "icon-button", "aria-label": "New channel", data: { do: "new-channel" } }, icon("plus", 16))),
    h("ul", { data: { key: "rooms" } }, rooms.map((c) => h("li", { data: { key: c.id } }, room(c)))),
    im ? h("h2", { data: { key: "h2" } }, "App") : null,
    im ? h("ul", { data: { key: "app" } }, h("li", {}, entry(im, store.app.name, avatar({ name: store.app.name ?? "App", color: store.app.user_color, isApp: true }, 20), "messages")),
      h("li", {}, entry(im, "Home", icon("home", 16), "home"))) : null,
    h("h2", { data: { key: "h3" } }, "People"),
    h("p", { class: "quiet", data: { key: "p3" } }, "Press a name to act as them."),
    h("ul", { data: { key: "people" } }, store.users.filter((u) => u.id !== store.app.bot_user_id).map((u) => h("li", { data: { key: u.id } }, person(u)))),
  ];
}

const room = (c) => entry(c, c.name, icon(c.is_private ? "lock" : "hash", 15), "messages");

function entry(channel, name, sign, tab) {
  const current = store.channel === channel.id && store.tab === tab;
  const count = tab === "home" ? 0 : unread(channel.id);
  const classes = ["entry", count && "unread", channel.is_archived && "archived", !isMember(channel) && "outside"].filter(Boolean).join(" ");
  return h("a", {
    class: classes, href: `?as=${store.me}&channel=${channel.id}${tab === "home" ? "&tab=home" : ""}`, "aria-current": current ? "page" : undefined,
    title: [channel.is_archived && "archived", channel.is_ext_shared && "shared with another company", !isMember(channel) && "you are not in this channel"].filter(Boolean).join(", ") || undefined,
    data: { channel: channel.id, tab },
  }, sign, h("span", { class: "name" }, name), channel.is_ext_shared ? h("span", { class: "kind" }, "shared") : null,
  count ? h("span", { class: "count", "aria-label": `${count} new` }, String(count)) : null);
}

function person(u) {
  const me = u.id === store.me;
  return h("button", {
    type: "button", class: me ? "entry me" : "entry", disabled: u.deleted, "aria-pressed": String(me), data: { become: u.id },
    title: u.deleted ? "Deactivated: nobody can act as them" : me ? "This is you" : `Act as ${nameOf(u)}${u.title ? `, ${u.title}` : ""}`,
  }, avatar(authorOf({ user: u.id }), 20), h("span", { class: "name" }, nameOf(u)), kindBadge(u));
}

function drawMe() {
  const me = userById(store.me);
  const button = document.getElementById("actas");
  if (!me || button.madeFrom === me) return;
  button.madeFrom = me;
  button.replaceChildren(avatar(authorOf({ user: me.id }), 26), h("span", { class: "actas-text" }, h("small", {}, "Acting as"), h("strong", {}, nameOf(me))), kindBadge(me), icon("swap", 16));
  button.setAttribute("aria-label", `Acting as ${nameOf(me)}. Act as somebody else`);
  button.title = "Act as somebody else (Alt+A)";
}

export function actAs() {
  choose("Act as", "Type a name or a role", store.users.filter((u) => u.id !== store.app.bot_user_id).map((u) => ({
    label: `${nameOf(u)} ${u.name} ${u.kind} ${u.title ?? ""}`, disabled: u.deleted,
    node: () => [avatar(authorOf({ user: u.id }), 28), h("span", { class: "two" }, h("strong", {}, nameOf(u), u.id === store.me ? " (you now)" : ""), h("small", {}, u.title || `@${u.name}`)), kindBadge(u)],
    take: () => switchTo(u.id),
  })));
}

export function jump() {
  choose("Go to", "Type a channel", store.channels.flatMap((c) => [
    { label: c.is_im ? store.app.name : c.name, node: () => [icon(c.is_private ? "lock" : "hash", 15), h("span", {}, c.is_im ? store.app.name : c.name)], take: () => go(c.id) },
    ...(c.is_im ? [{ label: `${store.app.name} Home`, node: () => [icon("home", 15), h("span", {}, `${store.app.name} Home`)], take: () => go(c.id, "home") }] : []),
  ]));
}

export function newChannel() {
  const el = dialog({ title: "New channel", className: "form" }, channelForm(async (values) => {
    const answer = await post("channel", { as: store.me, ...values });
    if (!answer.ok) return answer.error ?? "The channel was not made.";
    el.close();
    toast("info", `#${answer.channel?.name ?? values.name} exists now.`);
    if (answer.channel?.id) { put({ wanted: { channel: answer.channel.id } }); if (store.channels.some((c) => c.id === answer.channel.id)) go(answer.channel.id); else put({ goNext: answer.channel.id }); }
    return null;
  }));
  el.querySelector("input").focus();
}
