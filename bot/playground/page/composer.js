// Where one types. Enter sends, Shift+Enter breaks the line, arrows walk suggestions or what was sent before.
import { h } from "./dom.js";
import { post } from "./api.js";
import { icon } from "./icons.js";
import { avatar, authorOf } from "./people.js";
import { dropNotice, noticeIn, notice } from "./notices.js";
import { suggestions } from "./suggest.js";
import { changed, commandName, nameOf, store, userById } from "./state.js";

const drafts = new Map();

/** `where()` names the channel and thread; `label()` is the placeholder and accessible name. */
export function composer({ id, where, label }) {
  const input = h("textarea", {
    id, rows: 1, "aria-autocomplete": "list", role: "combobox", "aria-expanded": "false", "aria-controls": `${id}-list`,
    "aria-describedby": `${id}-usage`, spellcheck: "true", enterkeyhint: "send",
  });
  const list = h("div", { id: `${id}-list`, class: "suggest", role: "listbox", "aria-label": "Suggestions", hidden: true });
  const usage = h("p", { id: `${id}-usage`, class: "usage", hidden: true });
  const trouble = h("div", { class: "trouble", role: "alert", hidden: true });
  const who = h("span", { class: "who" });
  const send = h("button", { type: "submit", class: "button primary send", "aria-label": "Send" }, icon("send", 16));
  const el = h("form", { class: "composer", on: { submit: (event) => { event.preventDefault(); submit(); } } },
    trouble, list, usage, h("div", { class: "box" }, who, input, send));
  const place = () => { const { channel, thread_ts: thread } = where(); return `${store.me}/${channel}/${thread ?? ""}`; };
  let here = null;
  let shown = [];
  let at = 0;
  let dismissed = null;
  let recall = null;

  function refresh() {
    const now = place();
    if (now !== here) {
      if (here !== null) drafts.set(here, input.value);
      here = now;
      set(drafts.get(now) ?? "");
    }
    input.placeholder = label();
    input.setAttribute("aria-label", label());
    const me = userById(store.me);
    if (me && who.dataset.me !== me.id) { who.dataset.me = me.id; who.replaceChildren(avatar(authorOf({ user: me.id }), 24)); who.title = `You act as ${nameOf(me)}`; }
    const { channel, thread_ts: thread } = where();
    const text = thread ? null : noticeIn(channel);
    trouble.hidden = !text;
    if (text && trouble.dataset.text !== text) {
      trouble.replaceChildren(h("span", {}, text), h("button", { type: "button", class: "icon-button", "aria-label": "Dismiss", on: { click: () => dropNotice(where().channel) } }, icon("close", 14)));
    }
    trouble.dataset.text = text ?? "";
  }

  function set(text) {
    input.value = text;
    input.setSelectionRange(text.length, text.length);
    update();
  }

  function update() {
    input.style.height = "auto";
    input.style.height = `${Math.min(input.scrollHeight + 2, 220)}px`;
    const { thread_ts: thread } = where();
    shown = input.value === dismissed ? [] : suggestions(input.value.slice(0, input.selectionStart), Boolean(thread));
    at = Math.min(at, Math.max(0, shown.length - 1));
    drawList();
    const hint = usageFor(input.value, thread);
    usage.hidden = !hint || shown.length > 0;
    if (hint) usage.replaceChildren(...hint);
  }

  function drawList() {
    list.hidden = !shown.length;
    input.setAttribute("aria-expanded", String(shown.length > 0));
    list.replaceChildren(...shown.map((s, i) => h("div", {
      role: "option", id: `${id}-option-${i}`, class: "choice", "aria-selected": String(i === at),
      on: { pointerdown: (event) => { event.preventDefault(); accept(s); } },
    }, h("strong", {}, s.label), h("span", {}, s.hint))));
    if (shown.length) input.setAttribute("aria-activedescendant", `${id}-option-${at}`);
    else input.removeAttribute("aria-activedescendant");
    list.children[at]?.scrollIntoView({ block: "nearest" });
  }

  function accept(s) {
    const caret = input.selectionStart;
    const head = input.value.slice(0, caret - s.replaces) + s.insert;
    const tail = input.value.slice(caret);
    input.value = head + (tail.startsWith(" ") ? tail.slice(1) : tail);
    input.setSelectionRange(head.length, head.length);
    input.focus();
    update();
  }

  async function submit() {
    const text = input.value.trim();
    const { channel, thread_ts: thread } = where();
    if (!text || !channel) return;
    remember(text);
    recall = null;
    dropNotice(channel);
    drafts.delete(here);
    const sentFrom = here;
    set("");
    el.setAttribute("aria-busy", "true");
    const answer = await post("send", { as: store.me, channel, text, ...(thread ? { thread_ts: thread } : {}) });
    el.removeAttribute("aria-busy");
    if (answer.ok && answer.acknowledged !== false) return;
    // Of a command that failed the server has told over the live connection; the words stay for another try.
    if (!answer.ok) notice("error", answer.error ?? "That was not sent.", channel);
    if (here === sentFrom && !input.value) set(text); else drafts.set(sentFrom, text);
    changed();
  }

  function walk(step) {
    const past = history();
    if (!past.length) return false;
    const now = recall === null ? past.length : recall;
    const next = now + step;
    if (next < 0) return true;
    recall = next >= past.length ? null : next;
    input.value = recall === null ? "" : past[recall];
    input.setSelectionRange(input.value.length, input.value.length);
    dismissed = input.value;
    update();
    return true;
  }

  input.addEventListener("input", () => { recall = null; dismissed = null; at = 0; update(); });
  input.addEventListener("blur", () => { shown = []; drawList(); });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const open = shown.length > 0;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (open && step) at = (at + step + shown.length) % shown.length;
    if (open && step) drawList();
    else if (open && event.key === "Tab" && !event.shiftKey) accept(shown[at]);
    else if (open && event.key === "Escape") { dismissed = input.value; update(); }
    else if (open && event.key === "Enter" && !event.shiftKey && !shown[at].complete) accept(shown[at]);
    else if (event.key === "Enter" && !event.shiftKey) submit();
    else if (!open && step && (recall !== null || !input.value) && walk(step)) { /* walked */ } else return;
    event.preventDefault();
  });
  return { el, refresh, focus: () => input.focus({ preventScroll: true }), type: (text) => { set(text); input.focus(); } };
}

function usageFor(text, thread) {
  const word = /^\/\S+/.exec(text)?.[0];
  if (!word) return null;
  if (thread) return ["Slash commands do not work in threads, in Slack neither. Mention the app instead: ", h("code", {}, `@${store.app.name} …`)];
  const command = (store.app.commands ?? []).find((c) => c.command === word);
  if (command) return [h("code", {}, `${command.command} ${command.usage_hint ?? ""}`), ` ${command.description ?? ""}`];
  return text.includes(" ") ? [`${word} is not a command of this app. It knows `, h("code", {}, commandName()), "."] : null;
}

const historyKey = () => `sent:${store.me}`;
function history() {
  try { return JSON.parse(sessionStorage.getItem(historyKey())) ?? []; } catch { return []; }
}
function remember(text) {
  const past = [...history().filter((t) => t !== text), text].slice(-50);
  try { sessionStorage.setItem(historyKey(), JSON.stringify(past)); } catch { /* without storage there is no history */ }
}
