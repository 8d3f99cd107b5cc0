// The App Home tab: the view the app published for the acting person.
import { h, holdingFocus, morphChildren, fill } from "./dom.js";
import { blocks } from "./blocks.js";
import { onChange, store } from "./state.js";

export function startHome() {
  const box = document.getElementById("home");
  box.dataset.container = "";
  let drawn;
  onChange(() => {
    const open = store.tab === "home";
    box.hidden = !open;
    document.getElementById("timeline").hidden = open;
    document.getElementById("dock").hidden = open;
    if (open) document.getElementById("newer").hidden = true;
    const now = store.home ?? "none";
    if (!open || drawn === now) return;
    drawn = now;
    const view = store.home;
    const inside = view?.blocks?.length
      ? h("div", { class: "home-body", data: { key: store.me } }, blocks(view.blocks, { key: `home-${view.id}`, container: { type: "view", view_id: view.id } }))
      : h("div", { class: "home-body empty", data: { key: "empty" } }, h("h3", {}, `${store.app.name ?? "The app"} has not published its Home yet`),
        h("p", {}, store.app.connected ? "It was told that you are here; this page changes when it answers." : "The app is not connected."));
    holdingFocus(box, () => { morphChildren(box, fill(h("section"), inside)); return box; });
  });
}
