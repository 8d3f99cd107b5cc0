// Block Kit blocks as DOM. `context` = {key, container}: where the block lives, for names and for actions.
import { h } from "./dom.js";
import { clock } from "./dates.js";
import { control, picture } from "./elements.js";
import { markdown } from "./markdown.js";
import { link, mrkdwn, plain, safeUrl, textObject } from "./mrkdwn.js";
import { richText } from "./richtext.js";

/** Keys are the block's type and its place among that type: an app that names no block_id gets new ones at each update. */
export function blocks(list, context) {
  const seen = {};
  return (list ?? []).map((block) => {
    seen[block.type] = (seen[block.type] ?? 0) + 1;
    const draw = DRAW[block.type];
    const el = h("div", { class: `block ${block.type}`, data: { key: `${block.type}-${seen[block.type]}`, block: block.block_id } });
    el.append(...[draw ? draw(block, context) : unknown(block)].flat(Infinity).filter(Boolean));
    return el;
  });
}

const unknown = (block) => h("p", { class: "unsupported" }, `This page cannot show a "${block.type}" block yet.`);

const DRAW = {
  header: (b) => h("h3", {}, plain(b.text?.text)),
  divider: () => h("hr"),
  section,
  context: (b) => (b.elements ?? []).map((e) => (e.type === "image" ? picture(e) : h("span", { class: "text" }, textObject(e)))),
  actions: (b, c) => h("div", { class: "row" }, (b.elements ?? []).map((e) => control(e, b, c))),
  image: (b) => h("figure", {}, b.title ? h("figcaption", {}, plain(b.title.text)) : null, picture(b)),
  rich_text: (b) => richText(b),
  markdown: (b) => h("div", { class: "md" }, markdown(b.text)),
  input,
};

function section(b, context) {
  const fields = b.fields?.length ? h("div", { class: "fields" }, b.fields.map((f) => h("div", { class: "text" }, textObject(f)))) : null;
  return [
    h("div", { class: "body" }, b.text ? h("div", { class: "text" }, textObject(b.text)) : null, fields),
    b.accessory ? h("div", { class: "accessory" }, control(b.accessory, b, context)) : null,
  ];
}

function input(b, context) {
  const id = `${context.key}-${b.block_id}`.replace(/[^\w-]/g, "_");
  const node = control(b.element ?? {}, b, context);
  const group = !node.matches("input, select, textarea");
  const target = node.matches("details") ? node.querySelector("summary") : node;
  target.id = id;
  if (!b.optional) (group ? node : target).setAttribute("aria-required", "true");
  target.removeAttribute("aria-label");
  if (group) target.setAttribute("aria-labelledby", node.matches("details") ? `${id}-label ${id}` : `${id}-label`);
  if (group) node.removeAttribute("aria-required");
  target.setAttribute("aria-describedby", `${id}-hint ${id}-error`);
  return [
    h("label", { for: group ? undefined : id, id: `${id}-label`, class: "input-label" }, plain(b.label?.text),
      b.optional ? h("span", { class: "optional" }, " (optional)") : null),
    node,
    b.hint ? h("p", { class: "hint", id: `${id}-hint` }, plain(b.hint.text)) : null,
    h("p", { class: "field-error", id: `${id}-error`, "data-key": "error" }),
  ];
}

/** The old attachments: a coloured bar, a title, fields, perhaps blocks. */
export function attachment(a, context, index) {
  const color = { good: "#2e8b57", warning: "#c98a00", danger: "#c0392b" }[a.color] ?? (/^#?[0-9a-f]{6}$/i.test(a.color ?? "") ? `#${a.color.replace("#", "")}` : null);
  const inner = a.blocks?.length ? blocks(a.blocks, context) : [
    a.author_name ? h("p", { class: "by" }, plain(a.author_name)) : null,
    a.title ? h("p", { class: "title" }, a.title_link && safeUrl(a.title_link) ? link(a.title_link, plain(a.title)) : plain(a.title)) : null,
    a.text || a.fallback ? h("div", { class: "text" }, mrkdwn(a.text ?? a.fallback)) : null,
    a.fields?.length ? h("div", { class: "fields" }, a.fields.map((f) => h("div", { class: "text" }, h("strong", {}, plain(f.title)), h("br"), mrkdwn(f.value)))) : null,
    a.footer ? h("p", { class: "foot" }, plain(a.footer), a.ts ? ` · ${clock(a.ts)}` : "") : null,
  ];
  return h("div", { class: "attachment", vars: color ? { "--bar": color } : {}, data: { key: `attachment-${index}` } },
    a.pretext ? h("div", { class: "text" }, mrkdwn(a.pretext)) : null, h("div", { class: "inside" }, inner));
}
