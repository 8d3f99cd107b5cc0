// Puts the page together: every part watches the store, this file only starts them and hears the keys.
import { h } from "./dom.js";
import { post } from "./api.js";
import { listenForActions } from "./actions.js";
import { dialog } from "./dialog.js";
import { startDock } from "./dock.js";
import { startHome } from "./home.js";
import { listenForQueries } from "./external.js";
import { icon } from "./icons.js";
import { retryNow } from "./live.js";
import { startModals } from "./modal.js";
import { toast } from "./notices.js";
import { clock } from "./dates.js";
import { go, startRoute, step, switchTo } from "./route.js";
import { settings, startRoom } from "./room.js";
import { actAs, jump, newChannel, startSidebar } from "./sidebar.js";
import { changed, onChange, store } from "./state.js";
import { startTheme } from "./theme.js";
import { openThread, startThread, startTimeline } from "./timeline.js";

const byId = (id) => document.getElementById(id);

startTheme();
listenForActions();
listenForQueries();
startSidebar();
startRoom();
startTimeline();
startHome();
startThread();
startDock();
startModals();
startFrame();
startRoute();

function startFrame() {
  byId("keys").append(icon("keys"));
  byId("keys").addEventListener("click", keys);
  byId("delivery").addEventListener("click", delivery);
  byId("away").addEventListener("click", retryNow);
  window.addEventListener("online", retryNow);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") { retryNow(); changed(); } });
  document.addEventListener("click", pressed);
  document.addEventListener("keydown", shortcut);
  document.addEventListener("toggle", placeMenu, true);
  onChange(() => {
    byId("app").dataset.state = store.loaded ? "ready" : "loading";
    byId("workspace").textContent = store.team.name ?? "Local workspace";
    const { name = "App", connected, mode } = store.app;
    const pill = byId("delivery");
    pill.className = connected ? "pill good" : "pill bad";
    pill.textContent = store.loaded ? `${name} ${connected ? `connected${mode ? ` · ${mode}` : ""}` : "not connected"}` : "…";
    pill.setAttribute("aria-label", `${pill.textContent}. Show what was delivered`);
    const away = byId("away");
    away.hidden = !store.away;
    if (store.away && !away.firstChild) away.append(h("span", {}, "The local workspace is away. Trying to reach it again…"), h("button", { type: "button", class: "button" }, "Try now"));
    if (!store.away) away.replaceChildren();
    if (store.goNext && store.channels.some((c) => c.id === store.goNext)) { const next = store.goNext; store.goNext = null; go(next); }
  });
}

/** One listener for everything that is drawn anew all the time. */
function pressed(event) {
  const at = (selector) => event.target.closest(selector);
  const plainClick = !event.metaKey && !event.ctrlKey && !event.shiftKey && event.button === 0;
  let el;
  closeMenus(event.target);
  if ((el = at("[data-channel]")) && plainClick) { event.preventDefault(); go(el.dataset.channel, el.dataset.tab); }
  else if ((el = at("[data-become]"))) switchTo(el.dataset.become);
  else if ((el = at("[data-thread]"))) openThread(store.channel, el.dataset.thread);
  else if ((el = at("[data-jump]"))) reveal(el.dataset.jump);
  else if ((el = at("[data-shortcut]"))) messageShortcut(el);
  else if ((el = at("[data-copy]"))) copy(el);
  else if ((el = at("[data-do]"))) ({ "new-channel": newChannel, settings })[el.dataset.do]?.();
}

function closeMenus(target) {
  for (const open of document.querySelectorAll("details.menu[open], details.many[open]")) {
    if (!open.contains(target)) open.open = false;
  }
}

/** A menu near the lower edge opens upwards. */
function placeMenu(event) {
  const menu = event.target;
  if (!menu.matches?.("details.menu, details.many")) return;
  delete menu.dataset.up;
  const box = menu.closest("#timeline, .thread-list, #home, .view-body");
  if (menu.open && box && menu.querySelector(".pop").getBoundingClientRect().bottom > box.getBoundingClientRect().bottom) menu.dataset.up = "";
}

function reveal(ts) {
  const el = document.querySelector(`#timeline [data-key="${CSS.escape(ts)}"]`);
  el?.scrollIntoView({ block: "center" });
  el?.focus({ preventScroll: true });
}

async function messageShortcut(el) {
  const menu = el.closest("details");
  menu.open = false;
  menu.querySelector("summary").focus();
  const channel = menu.closest("#thread") ? store.thread.channel : store.channel;
  const answer = await post("shortcut", { as: store.me, channel, message_ts: el.dataset.ts, callback_id: el.dataset.shortcut });
  if (!answer.ok) toast("error", answer.error ?? "The app did not respond.");
}

async function copy(el) {
  el.closest("details").open = false;
  try { await navigator.clipboard.writeText(el.dataset.copy); toast("info", "Copied."); } catch { toast("error", "The browser did not allow copying."); }
}

function shortcut(event) {
  const menu = event.target.closest?.("details[open]");
  if (menu?.matches(".menu, .many") && menuKey(event, menu)) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.altKey && event.code === "KeyA") actAs();
  else if ((event.ctrlKey || event.metaKey) && event.code === "KeyK") jump();
  else if (event.altKey && event.key === "ArrowDown") step(1);
  else if (event.altKey && event.key === "ArrowUp") step(-1);
  else if (event.key === "F6") nextRegion(event.shiftKey ? -1 : 1);
  else if (event.key === "?" && !event.target.matches("input, textarea, select")) keys();
  else return;
  event.preventDefault();
}

function menuKey(event, menu) {
  const stops = [menu.querySelector("summary"), ...menu.querySelectorAll("button, input")];
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Escape") { menu.open = false; stops[0].focus(); }
  else if (by) stops[(stops.indexOf(document.activeElement) + by + stops.length) % stops.length].focus();
  else return false;
  event.preventDefault();
  event.stopPropagation();
  return true;
}

function nextRegion(by) {
  const stops = ["side", "timeline", "home", "say", "reply", "actas"].map(byId).filter((el) => el && el.checkVisibility() && !el.inert);
  const at = stops.findIndex((el) => el.contains(document.activeElement));
  const next = stops[(at + by + stops.length) % stops.length];
  (next.id === "side" ? next.querySelector("[aria-current]") ?? next.querySelector("a") : next)?.focus();
}

function keys() {
  const rows = [["Alt A", "act as somebody else"], ["Ctrl K", "go to a channel"], ["Alt ↑ ↓", "previous, next channel"], ["F6", "next part of the page"],
    ["Enter", "send; Shift Enter breaks the line"], ["↑", "in an empty box: what you sent before"], ["Tab", "complete a command or a name"], ["Esc", "close what is open"]];
  dialog({ title: "Keyboard", className: "keys" }, h("dl", {}, rows.map(([k, v]) => [h("dt", {}, k.split(" ").map((part) => h("kbd", {}, part))), h("dd", {}, v)])));
}

function delivery() {
  const rows = store.log.slice(-50).reverse();
  dialog({ title: "What was delivered to the app", className: "log" },
    h("p", {}, byId("delivery").textContent),
    rows.length ? h("ul", {}, rows.map((r) => h("li", { class: r.level }, h("time", {}, Number.isFinite(Number(r.at)) ? clock(r.at) : String(r.at)), h("span", {}, r.text)))) : h("p", { class: "quiet" }, "No troubles so far."));
}
