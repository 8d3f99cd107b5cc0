// Slack's mrkdwn as DOM nodes. Whatever a message says, it can only become text, a mention or an http(s)/mailto link.
import { h } from "./dom.js";
import { dateToken } from "./dates.js";
import { emojiFor, withEmoji } from "./emoji.js";
import { channelById, groupById, store, userById } from "./state.js";

const ENTITIES = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };
export const unescape = (text) => text.replace(/&(lt|gt|amp);/g, (e) => ENTITIES[e]);

/** A link only when following it is harmless; everything else (javascript:, data:, file:) is shown as its label. */
export function link(url, label) {
  const href = safeUrl(url);
  return href
    ? h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, label)
    : h("span", { title: "This address was not made a link" }, label);
}

export function safeUrl(url) {
  try {
    const parsed = new URL(unescape(url));
    return ["http:", "https:", "mailto:"].includes(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}

export const plain = (text) => withEmoji(unescape(text ?? ""));

/** A Block Kit text object: plain_text or mrkdwn. */
export function textObject(object) {
  if (!object) return [];
  if (typeof object === "string") return mrkdwn(object);
  if (object.type === "plain_text") return [object.emoji === false ? unescape(object.text) : plain(object.text)];
  return mrkdwn(object.text ?? "", { autolink: !object.verbatim });
}

/** Nodes for a whole mrkdwn text, blocks (fences, quotes, list lines) first. */
export function mrkdwn(source, { autolink = true } = {}) {
  const nodes = [];
  const parts = String(source ?? "").split(/```\n?([\s\S]+?)\n?```/);
  parts.forEach((part, i) => {
    if (i % 2) nodes.push(h("pre", {}, h("code", {}, unescape(flatten(part)))));
    else if (part) nodes.push(...lines(parts.length > 1 ? part.replace(/^\n|\n$/g, "") : part, autolink));
  });
  return nodes;
}

const flatten = (code) => code.replace(/<([^<>|\n]+)(?:\|([^<>\n]*))?>/g, (_, target, label) => label || target);

function lines(text, autolink) {
  const nodes = [];
  let quote = null;
  const all = text.split("\n");
  all.forEach((line, i) => {
    const quoted = /^(?:&gt;|>) ?(.*)$/.exec(line);
    if (quoted) {
      if (!quote) nodes.push(quote = h("blockquote"));
      else quote.append(h("br"));
      quote.append(...inline(quoted[1], autolink));
      return;
    }
    const afterBlock = quote !== null || nodes.at(-1)?.className === "item";
    quote = null;
    const item = /^( *)([•◦▪‣-]|\d{1,3}[.)]) +(\S.*)$/.exec(line);
    if (item) {
      nodes.push(h("span", { class: "item", vars: { "--depth": Math.min(4, Math.floor(item[1].length / 2)) } },
        h("span", { class: "bullet" }, item[2]), h("span", {}, inline(item[3], autolink))));
      return;
    }
    if (i > 0 && !afterBlock) nodes.push(h("br"));
    nodes.push(...inline(line, autolink));
  });
  return nodes;
}

const TAGS = { "*": "strong", _: "em", "~": "s" };
const TOKEN = /`([^`\n]+)`|<([^<>\n]+)>|:([a-z0-9_+-]+(?:::skin-tone-\d)?):|[*_~]|https?:\/\/[^\s<>|]+[^\s<>|.,;:!?)\]'"]/g;
const isWord = (c) => c !== undefined && /[\p{L}\p{N}]/u.test(c);

export function inline(text, autolink = true) {
  const nodes = [];
  let done = 0;
  const token = new RegExp(TOKEN);
  const flush = (until) => { if (until > done) nodes.push(unescape(text.slice(done, until))); };
  for (let m = token.exec(text); m; m = token.exec(text)) {
    let node = null;
    let end = token.lastIndex;
    if (m[1] !== undefined) node = h("code", {}, unescape(flatten(m[1])));
    else if (m[2] !== undefined) node = angled(m[2]);
    else if (m[3] !== undefined) node = emojiNode(m[3], m[0]);
    else if (m[0].length > 1) node = autolink ? link(m[0], unescape(m[0])) : null;
    else {
      const close = closing(text, m.index);
      if (close > 0) {
        node = h(TAGS[m[0]], {}, inline(text.slice(m.index + 1, close), autolink));
        end = close + 1;
      }
    }
    if (node === null) continue;
    flush(m.index);
    nodes.push(node);
    done = token.lastIndex = end;
  }
  flush(text.length);
  return nodes;
}

function emojiNode(name, raw) {
  const glyph = emojiFor(name);
  return glyph && h("span", { class: "emoji", role: "img", "aria-label": name.replaceAll("_", " "), title: raw }, glyph);
}

/** Where the mark opened at `start` closes, or -1: marks hug their words, as Slack wants them. */
function closing(text, start) {
  const mark = text[start];
  if (isWord(text[start - 1]) || !text[start + 1] || /\s/.test(text[start + 1]) || text[start + 1] === mark) return -1;
  for (let i = start + 1; i < text.length; i += 1) {
    if (text[i] === "`" || text[i] === "<") {
      const skip = text.indexOf(text[i] === "`" ? "`" : ">", i + 1);
      if (skip > 0) i = skip;
    } else if (text[i] === mark && !/\s/.test(text[i - 1]) && !isWord(text[i + 1])) return i;
  }
  return -1;
}

/** `<…>`: a mention, a date or a link. */
function angled(body) {
  const [target, ...rest] = body.split("|");
  const label = rest.length ? unescape(rest.join("|")) : null;
  if (/^@[UW]/.test(target)) return mention(target.slice(1), label);
  if (/^#[CG]/.test(target)) return channelMention(target.slice(1), label);
  if (target.startsWith("!subteam^")) return groupMention(target.slice(9), label);
  if (target.startsWith("!date^")) return dateMention(target, label);
  if (/^!(here|channel|everyone)$/.test(target)) return h("span", { class: "mention me" }, `@${target.slice(1)}`);
  if (target.startsWith("!")) return h("span", {}, label ?? unescape(`<${body}>`));
  return link(target, label ?? unescape(target.replace(/^mailto:/, "")));
}

export function mention(id, label = null) {
  const user = userById(id);
  return h("span", { class: id === store.me ? "mention me" : "mention", title: user?.title || undefined },
    `@${user?.name ?? label ?? "unknown person"}`);
}

export function channelMention(id, label = null) {
  const channel = channelById(id);
  if (!channel) return h("span", { class: "mention" }, `#${label || "private-channel"}`);
  return h("a", { class: "mention", href: `?as=${store.me}&channel=${id}`, data: { channel: id } }, `#${channel.name}`);
}

export function groupMention(id, label = null) {
  const group = groupById(id);
  const mine = group?.users?.includes(store.me);
  return h("span", { class: mine ? "mention me" : "mention", title: group?.name }, `@${group?.handle ?? label?.replace(/^@/, "") ?? "unknown group"}`);
}

function dateMention(target, fallback) {
  const [, seconds, template, url] = target.split("^");
  const text = dateToken(seconds, unescape(template ?? "")) ?? fallback ?? "";
  const node = h("time", { title: fallback }, text);
  return url ? link(url, node) : node;
}
