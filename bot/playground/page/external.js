// external_select: the app itself is asked for the options while one types.
import { bindingOf, h } from "./dom.js";
import { post } from "./api.js";
import { plain } from "./mrkdwn.js";
import { store } from "./state.js";

const offers = new WeakMap();
let timer = null;

export function external(b) {
  const { element } = b;
  const first = element.initial_option;
  const initial = first ? plain(first.text?.text) : "";
  const box = h("input", {
    type: "text", autocomplete: "off", placeholder: plain(element.placeholder?.text) || "Type to find", data: { external: "", initial },
    name: `${b.context.key}/${b.block.block_id}/${element.action_id}`, list: `offers-${b.context.key}-${element.action_id}`.replace(/[^\w-]/g, "_"),
  });
  box.value = initial;
  if (first) offers.set(box, [first]);
  return box;
}

/** The offered option whose words stand in the box, or null. */
export const chosenOf = (box) => (offers.get(box) ?? []).find((o) => plain(o.text?.text) === box.value) ?? null;

export function listenForQueries() {
  for (const type of ["focusin", "input"]) {
    document.addEventListener(type, (event) => {
      const box = event.target;
      const b = box.matches?.("input[data-external]") && bindingOf(box);
      clearTimeout(timer);
      if (!b || chosenOf(box) || box.value.length < (b.element.min_query_length ?? 3)) return;
      timer = setTimeout(() => offer(box, b), 200);
    });
  }
}

async function offer(box, { element, block, context }) {
  const answer = await post("suggest", {
    as: store.me, container: context.container, block_id: block.block_id, action_id: element.action_id, value: box.value,
  });
  const options = answer.options ?? (answer.option_groups ?? []).flatMap((g) => g.options ?? []);
  offers.set(box, options);
  const id = box.getAttribute("list");
  const list = document.getElementById(id) ?? document.body.appendChild(h("datalist", { id }));
  list.replaceChildren(...options.map((o) => h("option", { value: plain(o.text?.text) })));
}
