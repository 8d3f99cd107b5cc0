// What is new to the acting person. The server keeps the count; the page counts on between two readings of it.
import { post } from "./api.js";
import { channelById, isRoot, messagesOf, setChannel, store } from "./state.js";

const viewed = (channel) => channel === store.channel && store.tab === "messages" && document.visibilityState === "visible";

export const unread = (channel) => (viewed(channel) ? 0 : channelById(channel)?.unread ?? 0);

export function markRead(channel) {
  if (!channelById(channel)?.unread || !viewed(channel)) return;
  setChannel({ id: channel, unread: 0 });
  post("read", { as: store.me, channel });
}

/** A message came: one more to read, and at once read when one looks at it. */
export function count(channel, message) {
  if (message.user !== store.me) setChannel({ id: channel, unread: (channelById(channel)?.unread ?? 0) + 1 });
}

/** The first message in `channel` that is new, by the count; null when none is. */
export function firstNew(channel) {
  const count = channelById(channel)?.unread ?? 0;
  const others = messagesOf(channel).filter((m) => m.user !== store.me);
  return count && count < others.length ? others.slice(-count).find(isRoot)?.ts ?? null : null;
}
