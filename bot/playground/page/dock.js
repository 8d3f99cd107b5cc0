// Below the timeline: a hint for newcomers, what stands in the way of writing, the composer.
import { fill, h } from "./dom.js";
import { post } from "./api.js";
import { composer } from "./composer.js";
import { icon } from "./icons.js";
import { appChannel, channelById, commandName, isMember, nameOf, onChange, store, userById } from "./state.js";
import { notice } from "./notices.js";
import { go, switchTo } from "./route.js";

const SHIPPED = "deploy checkout 1.4.2 to staging";
const SHIPPED_ASKS = ["service-owners", "release"]; // policies/deployments.yaml, two-people
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

/** Who has to agree to the shipped example in production: one of each group, never the asker. */
function likelyApprovers(asker) {
  const groups = store.usergroups.filter((g) => SHIPPED_ASKS.includes(g.handle));
  const other = (id) => id !== asker.id && !userById(id)?.deleted;
  return groups.map((g) => ({ user: userById(g.users?.find(other)), handle: g.handle })).filter((a) => a.user);
}

function drawHint(box) {
  const me = userById(store.me);
  const asker = me?.kind === "engineer" ? me : store.users.find((u) => u.kind === "engineer");
  const example = store.app.example ?? SHIPPED;
  box.hidden = dismissed() || !store.loaded || !asker || !example;
  const same = [me, asker, store.usergroups, commandName(), example];
  if (box.hidden || (box.madeFrom && same.every((x, i) => x === box.madeFrom[i]))) return;
  box.madeFrom = same;
  const text = `${commandName()} ${example}`;
  const risky = text.replace("staging", "production");
  const approvers = example === SHIPPED ? likelyApprovers(asker) : []; // of other skills only their policies know
  box.replaceChildren(
    h("div", {}, h("h2", {}, "New here? Ask for something, then answer it as somebody else."),
      h("ol", {},
        h("li", {}, me === asker ? "Type " : `As ${nameOf(asker)}, type `, h("code", {}, text), " and press Enter. The card says what runs and what it costs."),
        h("li", {}, "Ask the same for ", h("code", {}, "production"), ": now it waits, and the card says for whom",
          approvers.length ? [", for example ", approvers.flatMap(({ user, handle }, i) => [i ? " and " : "", h("strong", {}, nameOf(user)), ` (@${handle})`])] : null, "."),
        h("li", {}, "Be one of them: press their name in the list of people, or ", h("kbd", {}, "Alt"), "+", h("kbd", {}, "A"), ". Then press Approve.")),
      h("div", { class: "row" },
        h("button", { type: "button", class: "button primary", on: { click: () => write(text, asker) } }, "Write it for me"),
        h("button", { type: "button", class: "button", on: { click: () => write(risky, asker) } }, "For production"),
        approvers.filter(({ user }) => user !== me).map(({ user }) => h("button", { type: "button", class: "button", on: { click: () => switchTo(user.id) } }, `Act as ${nameOf(user)}`)))),
    h("button", { type: "button", class: "icon-button", "aria-label": "Hide this hint", on: { click: () => hide(box) } }, icon("close", 16)));
}

async function write(text, asker) {
  await switchTo(asker.id);
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
