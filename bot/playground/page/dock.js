// Below the timeline: a hint for newcomers, what stands in the way of writing, the composer.
import { fill, h } from "./dom.js";
import { post } from "./api.js";
import { composer } from "./composer.js";
import { icon } from "./icons.js";
import { appChannel, channelById, commandName, isMember, nameOf, onChange, store, userById } from "./state.js";
import { notice } from "./notices.js";
import { go, switchTo } from "./route.js";

const EXAMPLE = "deploy checkout 1.4.2 to staging";
export let say;

export function startDock() {
  const box = document.getElementById("dock");
  say = composer({ id: "say", where: () => ({ channel: store.channel }), label });
  const hint = h("div", { class: "first", role: "note", hidden: true });
  const bar = h("div", { class: "bar", hidden: true });
  fill(box, hint, bar, say.el);
  onChange(() => {
    const channel = channelById(store.channel);
    drawHint(hint);
    const why = obstacle(channel);
    bar.hidden = !why;
    say.el.hidden = Boolean(why);
    if (why && bar.dataset.why !== why + store.channel) {
      bar.dataset.why = why + store.channel;
      bar.replaceChildren(h("span", {}, why), ...(channel.is_archived || channel.is_private ? [] : [h("button", { type: "button", class: "button primary", on: { click: join } }, "Join")]));
    }
    if (!why) bar.dataset.why = "";
    say.refresh();
  });
}

function label() {
  const channel = channelById(store.channel);
  return channel ? `Message ${channel.is_im ? store.app.name : `#${channel.name}`}` : "Message";
}

function obstacle(channel) {
  if (!channel) return null;
  if (channel.is_archived) return `#${channel.name} is archived. It can be read, not written to.`;
  return isMember(channel) ? null : `You are not in #${channel.name}.`;
}

async function join() {
  const answer = await post("join", { as: store.me, channel: store.channel });
  if (!answer.ok) notice("error", answer.error ?? "You could not join.");
}

function dismissed() {
  try { return localStorage.getItem("first-hint") === "gone"; } catch { return false; }
}

function drawHint(box) {
  const approver = store.users.find((u) => u.kind === "on-call") ?? store.users.find((u) => u.kind === "manager");
  const me = userById(store.me);
  box.hidden = dismissed() || !store.loaded || !approver;
  const same = [me, approver, commandName()];
  if (box.hidden || (box.madeFrom && same.every((x, i) => x === box.madeFrom[i]))) return;
  box.madeFrom = same;
  const text = `${commandName()} ${EXAMPLE}`;
  const asker = me.kind === "engineer" ? null : store.users.find((u) => u.kind === "engineer");
  box.replaceChildren(
    h("div", {}, h("h2", {}, "New here? Ask for something, then approve it as somebody else."),
      h("ol", {},
        h("li", {}, asker ? [`As ${nameOf(asker)}, type `] : "Type ", h("code", {}, text), " and press Enter."),
        h("li", {}, "Read the card: what will run, what it costs, who must agree."),
        h("li", {}, "Act as ", h("strong", {}, nameOf(approver)), ` (${approver.kind}) and press Approve. `, h("kbd", {}, "Alt"), "+", h("kbd", {}, "A"), " changes who you are.")),
      h("div", { class: "row" },
        h("button", { type: "button", class: "button primary", on: { click: () => write(text, asker) } }, "Write it for me"),
        approver.id === store.me ? null : h("button", { type: "button", class: "button", on: { click: () => switchTo(approver.id) } }, `Act as ${nameOf(approver)}`))),
    h("button", { type: "button", class: "icon-button", "aria-label": "Hide this hint", on: { click: () => hide(box) } }, icon("close", 16)));
}

async function write(text, asker) {
  if (asker) await switchTo(asker.id);
  if (!isMember(channelById(store.channel)) || store.channel === appChannel()?.id) {
    const room = store.channels.find((c) => !c.is_im && !c.is_archived && isMember(c));
    if (room) go(room.id);
  }
  queueMicrotask(() => say.type(text));
}

function hide(box) {
  try { localStorage.setItem("first-hint", "gone"); } catch { /* it will come back then */ }
  box.hidden = true;
  document.getElementById("say").focus();
}
