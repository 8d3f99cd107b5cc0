// The live connection. While it is away the page says so and keeps trying; on return it reads everything once more.
import { loadState } from "./api.js";
import { adopt, changed, closeView, put, remove, setChannel, setView, store, upsert } from "./state.js";
import { arrived, notice } from "./notices.js";
import { count } from "./unread.js";

let socket = null;
let attempt = 0;
let timer = null;

/** Become `as`: load what they see, then listen. False when there is no such person. */
export async function become(as) {
  clearTimeout(timer);
  const old = socket;
  socket = null;
  old?.close();
  const state = await loadState(as);
  if (!state.team) {
    if (!state.unreachable) return false;
    retry(as);
    return true;
  }
  adopt(state);
  listen();
  return true;
}

function listen() {
  const url = new URL("/ui/live", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  url.searchParams.set("as", store.me);
  const mine = new WebSocket(url);
  socket = mine;
  mine.onopen = async () => {
    if (socket !== mine) return;
    // What happened between reading the state and listening, or while we were away, is in a second reading.
    const state = await loadState(store.me);
    if (socket !== mine || !state.team) return;
    attempt = 0;
    put({ away: false });
    adopt(state);
  };
  mine.onmessage = (event) => { if (socket === mine) take(JSON.parse(event.data)); };
  mine.onclose = () => { if (socket === mine) retry(store.me); };
}

function retry(as) {
  socket = null;
  put({ away: true });
  clearTimeout(timer);
  timer = setTimeout(() => (store.loaded ? listen() : become(as)), Math.min(5000, 250 * 2 ** attempt));
  attempt += 1;
}

export function retryNow() {
  if (!store.away) return;
  attempt = 0;
  clearTimeout(timer);
  if (store.loaded) listen(); else become(store.me);
}

function take(event) {
  switch (event.type) {
    case "message":
    case "ephemeral":
      if (event.type === "ephemeral") event.message.ephemeral = true;
      if (upsert(event.channel, event.message)) {
        count(event.channel, event.message);
        arrived(event.channel, event.message);
      }
      break;
    case "message_changed": upsert(event.channel, event.message); break;
    case "message_deleted": remove(event.channel, event.message?.deleted_ts ?? event.message?.ts ?? event.ts); break;
    case "view_opened": setView(event.view, "opened"); break;
    case "view_pushed": setView(event.view, "pushed"); break;
    case "view_updated": setView(event.view, "updated"); break;
    case "view_closed": closeView(event.view_id); break;
    case "home": put({ home: event.view }); break;
    case "channel": setChannel(event.channel); break;
    case "pins": store.pins.set(event.channel, event.pins); changed(); break;
    case "app": put({ app: { ...store.app, ...event.app } }); break;
    case "notice":
      store.log = [...store.log, { at: Date.now() / 1000, level: event.level, text: event.text }].slice(-200);
      notice(event.level, event.text, event.channel || undefined);
      break;
    default: // a newer server may say more than this page knows
  }
}
