// Light, dark, or as the system says.
import { icon } from "./icons.js";

const ORDER = ["system", "light", "dark"];
const ICONS = { system: "auto", light: "sun", dark: "moon" };

export function startTheme() {
  const button = document.getElementById("theme");
  let now = document.documentElement.dataset.theme ?? "system";
  const show = () => {
    if (now === "system") delete document.documentElement.dataset.theme; else document.documentElement.dataset.theme = now;
    const next = ORDER[(ORDER.indexOf(now) + 1) % 3];
    button.replaceChildren(icon(ICONS[now]));
    button.setAttribute("aria-label", `Theme: ${now}. Change to ${next}`);
    button.title = `Theme: ${now}`;
  };
  button.addEventListener("click", () => {
    now = ORDER[(ORDER.indexOf(now) + 1) % 3];
    try { localStorage.setItem("theme", now); } catch { /* not remembered then */ }
    show();
  });
  show();
}
