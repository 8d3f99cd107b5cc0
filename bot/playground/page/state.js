// What the acting person sees, and who looks at it. Only this module changes the store.
export const store = {
  me: null, loaded: false, away: false,
  team: {}, users: [], channels: [], usergroups: [], app: { commands: [] },
  messages: new Map(), pins: new Map(), views: [], home: null, log: [],
  channel: null, thread: null, tab: "messages", drawer: false,
};

const renderers = [];
let planned = false;

/** `render` runs after every change, once per burst of changes. */
export const onChange = (render) => renderers.push(render);

export function changed() {
  if (planned) return;
  planned = true;
  queueMicrotask(() => { planned = false; for (const render of renderers) render(); });
}

export const userById = (id) => store.users.find((u) => u.id === id);
export const channelById = (id) => store.channels.find((c) => c.id === id);
export const groupById = (id) => store.usergroups.find((g) => g.id === id);
const EMPTY = [];
export const messagesOf = (id) => store.messages.get(id) ?? EMPTY;
export const isRoot = (m) => !m.thread_ts || m.thread_ts === m.ts || m.subtype === "thread_broadcast";
export const appChannel = () => store.channels.find((c) => c.is_im);
export const nameOf = (user) => user?.real_name || user?.name || "Unknown";
export const commandName = () => store.app.commands?.[0]?.command ?? "/assent";
export const isMember = (channel) => channel?.is_im || channel?.members?.includes(store.me);

const threads = new WeakMap();

/** The replies of one thread, oldest first; grouped once for each new list of messages. */
export function repliesTo(channel, ts) {
  const list = messagesOf(channel);
  if (!threads.has(list)) {
    const grouped = new Map();
    for (const m of list) {
      if (!m.thread_ts || m.thread_ts === m.ts) continue;
      if (!grouped.has(m.thread_ts)) grouped.set(m.thread_ts, []);
      grouped.get(m.thread_ts).push(m);
    }
    threads.set(list, grouped);
  }
  return threads.get(list).get(ts) ?? EMPTY;
}

export function adopt(state) {
  for (const key of ["team", "users", "channels", "usergroups", "app", "views", "home", "log"]) store[key] = state[key] ?? store[key];
  store.me = state.me ?? store.me;
  store.home = state.home ?? null;
  const before = store.messages;
  store.messages = new Map(Object.entries(state.messages ?? {}).map(([id, list]) => {
    const old = new Map(before.get(id)?.map((m) => [m.ts, m]));
    return [id, list.map((m) => kept(old.get(m.ts), m))];
  }));
  store.pins = new Map(Object.entries(state.pins ?? {}));
  store.loaded = true;
  if (!channelById(store.channel)) store.channel = null;
  changed();
}

/** The message we hold already when nothing about it changed, so that its card is not drawn anew. */
function kept(old, message) {
  return old && JSON.stringify(old) === JSON.stringify(message) ? old : message;
}

export function upsert(channel, message) {
  const list = messagesOf(channel).slice();
  const at = list.findIndex((m) => m.ts === message.ts);
  if (at >= 0) list[at] = message;
  else {
    const before = list.findLastIndex((m) => Number(m.ts) <= Number(message.ts));
    list.splice(before + 1, 0, message);
  }
  store.messages.set(channel, list);
  changed();
  return at < 0;
}

export function remove(channel, ts) {
  store.messages.set(channel, messagesOf(channel).filter((m) => m.ts !== ts));
  if (store.thread?.ts === ts) store.thread = null;
  changed();
}

export function setChannel(channel) {
  const at = store.channels.findIndex((c) => c.id === channel.id);
  const gone = channel.is_private && channel.members && !channel.members.includes(store.me) && !channel.is_im;
  if (gone) store.channels = store.channels.filter((c) => c.id !== channel.id);
  else if (at >= 0) store.channels = store.channels.with(at, { ...store.channels[at], ...channel });
  else store.channels = [...store.channels, channel];
  changed();
}

export function setView(view, how) {
  if (view.type === "home") return put({ home: view });
  if (how === "opened") store.views = [view];
  else if (how === "pushed") store.views = [...store.views.filter((v) => v.id !== view.id), view];
  else store.views = store.views.map((v) => (v.id === view.id ? view : v));
  changed();
}

export function closeView(id) {
  store.views = store.views.filter((v) => v.id !== id);
  changed();
}

export function put(values) {
  Object.assign(store, values);
  changed();
}
