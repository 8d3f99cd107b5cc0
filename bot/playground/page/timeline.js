// The centre column and the thread pane: lists of messages that keep their place while messages come and change.
import { fill, h, reconcile } from "./dom.js";
import { article, dayLine, follows } from "./messages.js";
import { composer } from "./composer.js";
import { icon } from "./icons.js";
import { plain } from "./mrkdwn.js";
import { channelById, isRoot, messagesOf, onChange, put, repliesTo, store } from "./state.js";
import { firstNew, markRead } from "./unread.js";

const PAGE = 150;
const NEAR = 60;
let extra = 0;
let shownFor = null;
let newSince = null;
let stuck = true;
const places = new Map();

export function startTimeline() {
  const box = document.getElementById("timeline");
  const newer = document.getElementById("newer");
  const atEnd = () => box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
  box.addEventListener("scroll", () => {
    stuck = atEnd();
    newer.hidden = stuck || newer.hidden;
    if (shownFor) places.set(shownFor, stuck ? null : box.scrollTop);
  }, { passive: true });
  newer.addEventListener("click", () => { toEnd(box); newer.hidden = true; });
  new ResizeObserver(() => { if (stuck) toEnd(box); }).observe(box);
  box.addEventListener("click", (event) => { if (event.target.closest("#earlier")) { extra += PAGE; put({}); } });
  onChange(() => render(box, newer));
}

const toEnd = (box) => { box.scrollTop = box.scrollHeight; };

function render(box, newer) {
  const { channel } = store;
  const here = channel && `${store.me}/${channel}`;
  const fresh = here !== shownFor;
  if (fresh) { extra = 0; newSince = channel ? firstNew(channel) : null; newer.hidden = true; }
  const roots = channel ? messagesOf(channel).filter(isRoot) : [];
  const lastKey = box.lastElementChild?.dataset.key;
  shownFor = here;
  reconcile(box, items(channel, roots));
  if (fresh) {
    const place = places.get(here);
    if (place === null || place === undefined) { stuck = true; toEnd(box); } else box.scrollTop = place;
  } else if (stuck || (lastKey !== box.lastElementChild?.dataset.key && roots.at(-1)?.user === store.me)) toEnd(box);
  else if (lastKey !== box.lastElementChild?.dataset.key) newer.hidden = false;
  if (channel) markRead(channel);
}

function items(channel, roots) {
  const shown = roots.slice(-(PAGE + extra));
  const pins = store.pins.get(channel) ?? [];
  const list = [];
  if (shown.length < roots.length) list.push({ key: "earlier", same: [], build: () => h("button", { type: "button", id: "earlier", class: "button" }, "Show earlier messages") });
  else if (channel) list.push({ key: `begin-${channel}`, same: [channelById(channel)], build: () => beginning(channelById(channel)) });
  let before = null;
  let newShown = false;
  for (const m of shown) {
    const date = new Date(m.ts * 1000).toDateString();
    if (!before || new Date(before.ts * 1000).toDateString() !== date) { list.push({ key: `day-${date}`, same: [], build: () => dayLine(m.ts) }); before = null; }
    if (!newShown && m.ts === newSince) {
      newShown = true;
      before = null;
      list.push({ key: "new", same: [], build: () => h("div", { class: "new", role: "separator" }, h("span", {}, "New")) });
    }
    const pinned = pins.includes(m.ts);
    const compact = follows(before, m);
    const replies = repliesTo(channel, m.ts);
    list.push({
      key: m.ts, same: [m, compact, pinned, replies.length, replies.at(-1), store.users, store.app.shortcuts, store.me],
      build: () => article(m, { channel, compact, pinned }),
    });
    before = m;
  }
  return list;
}

function beginning(channel) {
  const name = channel.is_im ? store.app.name : `#${channel.name}`;
  return h("div", { class: "beginning" }, h("h3", {}, name),
    h("p", {}, channel.is_im ? `Your direct messages with ${store.app.name}. Say what you need in words.`
      : plain(channel.purpose?.value ?? channel.purpose) || `The beginning of ${name}.`));
}

/** The thread pane and its own composer. */
export function startThread() {
  const pane = document.getElementById("thread");
  const list = h("div", { class: "thread-list", tabindex: "0", role: "log", "aria-live": "off", "aria-label": "Thread messages" });
  const reply = composer({ id: "reply", where: () => ({ channel: store.thread?.channel, thread_ts: store.thread?.ts }), label: () => "Reply in this thread" });
  fill(pane, h("header", {}, h("h2", {}, "Thread"), h("span", { class: "quiet where" }),
    h("button", { type: "button", class: "icon-button", "aria-label": "Close the thread", on: { click: closeThread } }, icon("close"))), list, reply.el);
  pane.addEventListener("keydown", (event) => { if (event.key === "Escape" && !event.defaultPrevented) closeThread(); });
  let shown = null;
  onChange(() => {
    const { thread } = store;
    pane.hidden = !thread;
    document.getElementById("app").classList.toggle("threaded", Boolean(thread));
    if (!thread) { shown = null; return; }
    const channel = channelById(thread.channel);
    pane.querySelector(".where").textContent = channel ? (channel.is_im ? store.app.name : `#${channel.name}`) : "";
    const root = messagesOf(thread.channel).find((m) => m.ts === thread.ts);
    const replies = repliesTo(thread.channel, thread.ts);
    const count = list.children.length;
    reconcile(list, [root, ...replies].filter(Boolean).map((m) => ({
      key: m.ts, same: [m, store.users, store.me], build: () => article(m, { channel: thread.channel, inThread: true }),
    })));
    if (count < list.children.length) list.scrollTop = list.scrollHeight;
    reply.refresh();
    if (shown !== thread.ts) { shown = thread.ts; reply.focus(); }
  });
}

export function openThread(channel, ts) {
  put({ thread: { channel, ts } });
}

export function closeThread() {
  const ts = store.thread?.ts;
  put({ thread: null });
  const back = ts && document.querySelector(`#timeline [data-key="${CSS.escape(ts)}"] [data-thread]`);
  (back || document.getElementById("say"))?.focus({ preventScroll: true });
}
