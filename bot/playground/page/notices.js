// Saying things to the person: toasts, the line above the composer, and words for screen readers.
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { plain } from "./mrkdwn.js";
import { changed, isRoot, store } from "./state.js";
import { authorOf } from "./people.js";

const inline = new Map();

let pressed = 0;

/** While a press waits for its answer, trouble is told beside what was pressed, not above the composer too. */
export async function whilePressed(answer) {
  pressed += 1;
  try { return await answer; } finally { pressed -= 1; }
}

/** Shown where one looks: a toast, and a line above the composer of `channel` (or of the open one). */
export function notice(level, text, channel = store.channel) {
  toast(level, text);
  if (level === "error" && !pressed) { inline.set(channel, text); changed(); }
}

export const noticeIn = (channel) => inline.get(channel);
export function dropNotice(channel) { if (inline.delete(channel)) changed(); }

export function toast(level, text) {
  const box = document.getElementById("toasts");
  const close = () => el.remove();
  const el = h("div", { class: `toast ${level}` }, h("span", {}, text),
    h("button", { type: "button", class: "icon-button", "aria-label": "Dismiss", on: { click: close } }, icon("close", 14)));
  [...box.children].filter((t) => t.firstChild.textContent === text).forEach((t) => t.remove());
  fill(box, el);
  let timer = setTimeout(close, 9000);
  el.addEventListener("pointerenter", () => clearTimeout(timer));
  el.addEventListener("pointerleave", () => { timer = setTimeout(close, 4000); });
}

export function say(text) {
  const box = document.getElementById("announcer");
  fill(box, h("p", {}, text));
  while (box.children.length > 5) box.firstChild.remove();
}

/** A message came in: read it out when it is in view, as Slack does, by its top-level text. */
export function arrived(channel, message) {
  const seen = channel === store.channel && (isRoot(message) || store.thread?.ts === message.thread_ts);
  if (!seen || message.user === store.me) return;
  const who = authorOf(message).name;
  say(`${message.ephemeral ? "Only visible to you. " : ""}${who}: ${plain(message.text).replace(/<[^>|]*\|?([^>]*)>/g, "$1").slice(0, 400)}`);
}
