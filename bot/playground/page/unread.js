// What this browser has read, per person. The server only proposes a first guess.
import { channelById, isRoot, messagesOf, store } from "./state.js";

const key = (channel) => `read:${store.team.id ?? ""}:${store.me}:${channel}`;

function marked(channel) {
  try { return Number(localStorage.getItem(key(channel))) || null; } catch { return null; }
}

export const latest = (channel) => Number(messagesOf(channel).at(-1)?.ts ?? 0);

export function markRead(channel) {
  const ts = latest(channel);
  if (!ts || ts <= (marked(channel) ?? 0)) return;
  try { localStorage.setItem(key(channel), String(ts)); } catch { /* storage may be off: marks then last as long as the page */ }
}

export function unread(channel) {
  if (channel === store.channel && document.visibilityState === "visible" && store.tab === "messages") return 0;
  const since = marked(channel);
  if (since === null) return channelById(channel)?.unread ?? 0;
  return messagesOf(channel).filter((m) => isRoot(m) && Number(m.ts) > since && m.user !== store.me).length;
}

export const readUntil = marked;
