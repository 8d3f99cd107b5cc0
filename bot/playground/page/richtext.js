// rich_text blocks: the structured form Slack's own composer writes.
import { fill, h } from "./dom.js";
import { emojiFor } from "./emoji.js";
import { channelMention, groupMention, link, mention } from "./mrkdwn.js";
import { dateToken } from "./dates.js";

export function richText(block) {
  return (block.elements ?? []).map(part);
}

function part(element) {
  const inner = () => (element.elements ?? []).map(leaf);
  switch (element.type) {
    case "rich_text_preformatted": return h("pre", {}, h("code", {}, inner()));
    case "rich_text_quote": return h("blockquote", {}, inner());
    case "rich_text_list": return list(element);
    default: return h("div", { class: "rich" }, inner());
  }
}

function list(element) {
  const box = h(element.style === "ordered" ? "ol" : "ul", {
    start: element.offset ? element.offset + 1 : undefined,
    vars: { "--depth": element.indent ?? 0 },
  });
  return fill(box, (element.elements ?? []).map((item) => h("li", {}, (item.elements ?? []).map(leaf))));
}

function leaf(element) {
  const style = element.style ?? {};
  let node = content(element);
  for (const [name, tag] of [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"], ["underline", "u"]]) {
    if (style[name]) node = h(tag, {}, node);
  }
  return node;
}

function content(element) {
  switch (element.type) {
    case "text": return element.text ?? "";
    case "link": return link(element.url ?? "", element.text || element.url);
    case "emoji": return emojiFor(element.name ?? "") ?? `:${element.name}:`;
    case "user": return mention(element.user_id);
    case "channel": return channelMention(element.channel_id);
    case "usergroup": return groupMention(element.usergroup_id);
    case "broadcast": return h("span", { class: "mention me" }, `@${element.range}`);
    case "date": return h("time", {}, dateToken(element.timestamp, element.format ?? "") ?? element.fallback ?? "");
    case "color": return h("code", {}, element.value ?? "");
    default: return element.text ?? "";
  }
}
