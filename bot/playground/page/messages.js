// One message as an article; the same in the timeline and in the thread pane.
import { h } from "./dom.js";
import { attachment, blocks } from "./blocks.js";
import { clock, day, full, shortClock } from "./dates.js";
import { emojiFor } from "./emoji.js";
import { icon } from "./icons.js";
import { link, mrkdwn, plain } from "./mrkdwn.js";
import { authorOf, avatar, kindBadge } from "./people.js";
import { nameOf, repliesTo, store, userById } from "./state.js";

export function dayLine(ts) {
  return h("div", { class: "day", role: "separator" }, h("span", {}, day(ts)));
}

/** `options`: {channel, compact, pinned, inThread}. */
export function article(message, options) {
  if (SYSTEM.has(message.subtype)) return systemLine(message);
  const author = authorOf(message);
  const time = h("time", { class: "at", title: full(message.ts), datetime: new Date(message.ts * 1000).toISOString() }, options.compact ? shortClock(message.ts) : clock(message.ts));
  const classes = ["message", options.compact && "compact", message.ephemeral && "ephemeral", options.pinned && "pinned", author.isApp && "from-app"];
  return h("article", {
    class: classes.filter(Boolean).join(" "), tabindex: "-1", data: { ts: message.ts, container: "" },
    "aria-label": `${author.name}, ${clock(message.ts)}${message.ephemeral ? ", only visible to you" : ""}`,
  },
  h("div", { class: "gutter" }, options.compact ? time : avatar(author)),
  h("div", { class: "content" },
    message.ephemeral ? h("p", { class: "only" }, icon("eye", 14), " Only visible to you") : null,
    options.pinned ? h("p", { class: "only" }, icon("pin", 14), " Pinned") : null,
    options.compact ? null : h("header", {}, h("strong", { class: "author" }, author.name),
      author.isApp ? h("span", { class: "kind app" }, "App") : author.user && author.user.kind !== "engineer" ? kindBadge(author.user) : null, time),
    tools(message, options),
    body(message, options),
    reactions(message),
    options.inThread ? null : replies(message, options.channel)));
}

/** What Slack itself writes: somebody came, somebody pinned. */
const SYSTEM = new Set(["channel_join", "channel_leave", "channel_topic", "channel_purpose", "channel_name", "channel_archive", "pinned_item", "group_join"]);

function systemLine(message) {
  return h("article", { class: "message system", tabindex: "-1", data: { ts: message.ts }, "aria-label": `Notice, ${clock(message.ts)}` },
    h("div", { class: "gutter" }, icon("people", 14)), h("div", { class: "content" }, mrkdwn(message.text), h("span", { class: "at" }, ` ${clock(message.ts)}`)));
}

function body(message, { channel }) {
  const context = {
    key: `${channel}-${message.ts}`,
    container: { type: "message", channel, message_ts: message.ts, ...(message.ephemeral ? { ephemeral: true } : {}) },
  };
  const edited = message.edited ? h("span", { class: "edited", title: message.edited.ts ? full(message.edited.ts) : undefined }, " (edited)") : null;
  const attachments = (message.attachments ?? []).map((a, i) => attachment(a, context, i));
  const files = (message.files ?? []).map((f) => h("p", { class: "file" }, link(f.url_private ?? "", plain(f.title || f.name || "File"))));
  if (message.blocks?.length) {
    const card = message.blocks.some((b) => b.type !== "rich_text");
    return [h("div", { class: card ? "card" : "said" }, blocks(message.blocks, context)), attachments, files, edited];
  }
  const text = message.subtype === "me_message" ? h("em", {}, mrkdwn(message.text)) : mrkdwn(message.text, { autolink: message.mrkdwn !== false });
  return [message.text ? h("div", { class: "said text" }, text, edited) : edited, attachments, files];
}

function tools(message, { inThread }) {
  if (message.ephemeral || message.subtype === "tombstone") return null;
  const shortcuts = (store.app.shortcuts ?? []).filter((s) => s.type === "message");
  return h("div", { class: "tools" },
    inThread ? null : h("button", { type: "button", class: "icon-button", "aria-label": "Reply in thread", title: "Reply in thread", data: { thread: message.thread_ts ?? message.ts } }, icon("reply", 16)),
    h("details", { class: "menu" }, h("summary", { class: "icon-button", "aria-label": "Message menu" }, icon("more", 16)),
      h("div", { class: "pop", role: "menu" },
        shortcuts.map((s) => h("button", { type: "button", role: "menuitem", data: { shortcut: s.callback_id, ts: message.ts } }, s.name, h("small", {}, store.app.name))),
        h("button", { type: "button", role: "menuitem", data: { copy: message.text ?? "" } }, "Copy text"),
        shortcuts.length ? null : h("p", { class: "quiet" }, `${store.app.name ?? "The app"} offers no message shortcuts.`))));
}

function reactions(message) {
  if (!message.reactions?.length) return null;
  return h("div", { class: "reactions" }, message.reactions.map((r) => h("span", {
    class: r.users?.includes(store.me) ? "reaction mine" : "reaction",
    title: (r.users ?? []).map((u) => nameOf(userById(u))).join(", "), "aria-label": `${r.name.replaceAll("_", " ")}, ${r.count}`,
  }, emojiFor(r.name) ?? `:${r.name}:`, ` ${r.count}`)));
}

function replies(message, channel) {
  const list = repliesTo(channel, message.ts);
  const count = Math.max(list.length, message.reply_count ?? 0);
  if (!count) return null;
  const people = [...new Map(list.map((m) => [m.user ?? m.bot_id, authorOf(m)])).values()].slice(0, 4);
  return h("button", { type: "button", class: "replies", data: { thread: message.ts } },
    people.map((p) => avatar(p, 20)), h("span", {}, `${count} ${count === 1 ? "reply" : "replies"}`),
    list.length ? h("small", {}, `last at ${clock(list.at(-1).ts)}`) : null);
}

const isPlain = (m) => !SYSTEM.has(m.subtype) && !m.ephemeral && !m.attachments?.length && !m.blocks?.some((b) => b.type !== "rich_text");

/** Same person, within five minutes, nothing card-like: then the head is not repeated. */
export function follows(before, message) {
  return Boolean(before) && isPlain(before) && isPlain(message)
    && (before.user ?? before.bot_id) === (message.user ?? message.bot_id) && before.username === message.username
    && Number(message.ts) - Number(before.ts) < 300;
}
