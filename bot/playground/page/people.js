// How a person or an app looks: picture, name, kind.
import { h } from "./dom.js";
import { nameOf, store, userById } from "./state.js";

export const KINDS = {
  engineer: "Engineer", "on-call": "On call", manager: "Manager", guest: "Guest", bot: "Bot", stranger: "Other company", deleted: "Deactivated", app: "App",
};

export const kindBadge = (user) => h("span", { class: `kind ${user.kind ?? ""}` }, KINDS[user.kind] ?? user.kind ?? "Member");

/** Who wrote `message`: {name, color, isApp, user}. */
export function authorOf(message) {
  const user = userById(message.user);
  const isApp = Boolean(message.bot_id) || message.user === store.app.bot_user_id || user?.is_bot;
  if (message.username) return { name: message.username, color: user?.color, isApp, user };
  if (user && user.id !== store.app.bot_user_id) return { name: nameOf(user), color: user.color, isApp, user };
  if (isApp) return { name: store.app.name ?? "App", color: store.app.user_color, isApp: true, user };
  return { name: message.user ?? "Somebody", isApp: false };
}

export function avatar({ name, color, isApp }, size = 36) {
  const initials = name.replace(/[^\p{L}\p{N} .-]/gu, "").split(/[ .-]+/).filter(Boolean).map((w) => [...w][0]).slice(0, 2).join("").toUpperCase() || "?";
  const hex = /^#?[0-9a-f]{6}$/i.test(color ?? "") ? `#${color.replace("#", "")}` : "#5c655f";
  return h("span", {
    class: isApp ? "avatar app" : "avatar", "aria-hidden": "true", vars: { "--size": `${size}px`, "--tint": hex, "--on-tint": inkOn(hex) },
  }, initials);
}

/** Black or white, whichever reads better on `hex` (WCAG relative luminance). */
function inkOn(hex) {
  const [r, g, b] = [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16) / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000000" : "#ffffff";
}
