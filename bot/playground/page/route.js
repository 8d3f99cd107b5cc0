// The address bar says who looks at what: ?as=U…&channel=C…&thread=ts&tab=home. Back and forward work.
import { become } from "./live.js";
import { post } from "./api.js";
import { appChannel, channelById, nameOf, onChange, put, store, userById } from "./state.js";
import { say, toast } from "./notices.js";

/** Whom one is at first: the seeded workspace's first engineer (people.py). */
const NEWCOMER = "U0ALICE";

let written = null;

export async function startRoute() {
  const asked = new URLSearchParams(location.search);
  put({ wanted: { channel: asked.get("channel"), thread: asked.get("thread"), tab: asked.get("tab") } });
  window.addEventListener("popstate", () => {
    const q = new URLSearchParams(location.search);
    written = location.search;
    const next = { wanted: { channel: q.get("channel"), thread: q.get("thread"), tab: q.get("tab") }, channel: null };
    if (q.get("as") && q.get("as") !== store.me) switchTo(q.get("as"), next);
    else put(next);
  });
  onChange(settle);
  const as = asked.get("as");
  if (await become(as ?? NEWCOMER)) return;
  toast("error", `There is nobody with the id ${as} here.`);
  await become(NEWCOMER);
}

/** After a load: the channel one asked for, or the first; then the address says so. */
function settle() {
  if (!store.loaded) return;
  if (!store.channel && store.channels.length) {
    const wanted = store.wanted ?? {};
    const first = store.channels.find((c) => !c.is_im && !c.is_archived && c.members?.includes(store.me)) ?? store.channels[0];
    store.channel = (wanted.im ? appChannel() : channelById(wanted.channel))?.id ?? first.id;
    store.thread = wanted.thread && channelById(wanted.channel) ? { channel: store.channel, ts: wanted.thread } : null;
    store.tab = wanted.tab === "home" && channelById(store.channel).is_im ? "home" : "messages";
    store.wanted = null;
    visited();
    put({});
    return;
  }
  const query = new URLSearchParams({ as: store.me, channel: store.channel ?? "" });
  if (store.tab === "home") query.set("tab", "home");
  if (store.thread) query.set("thread", store.thread.ts);
  const search = `?${query}`;
  if (search === written) return;
  if (written === null || new URLSearchParams(written).get("as") !== store.me) history.replaceState(null, "", search);
  else history.pushState(null, "", search);
  written = search;
  document.title = `${channelById(store.channel)?.is_im ? store.app.name : `#${channelById(store.channel)?.name ?? ""}`} · ${nameOf(userById(store.me))} · ${store.team.name ?? ""}`;
}

export function go(channel, tab = "messages") {
  put({ channel, tab, thread: store.thread?.channel === channel ? store.thread : null, drawer: false });
  visited();
}

/** The app is told that its tab was opened, as in Slack. */
function visited() {
  if (store.channel && store.channel === appChannel()?.id) post("home", { as: store.me, tab: store.tab });
}

export async function switchTo(id, next = {}) {
  if (id === store.me && !Object.keys(next).length) return;
  // Everybody has their own direct message with the app: whoever looks at it goes on to the other's.
  const wanted = { channel: store.channel, tab: store.tab, im: channelById(store.channel)?.is_im };
  put({ views: [], home: null, thread: null, drawer: false, wanted, ...next });
  if (!(await become(id))) toast("error", "Nobody can act as them.");
  else say(`You now act as ${nameOf(userById(store.me))}.`);
}

/** The next or previous channel of the list. */
export function step(by) {
  const list = store.channels.filter((c) => !c.is_archived || c.id === store.channel);
  const at = list.findIndex((c) => c.id === store.channel);
  if (list.length) go(list[(at + by + list.length) % list.length].id);
}
