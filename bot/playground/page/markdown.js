// The standard Markdown of Slack's `markdown` block, as far as bots use it. Safe in the same way as mrkdwn.js.
import { h } from "./dom.js";
import { link } from "./mrkdwn.js";
import { emojiFor } from "./emoji.js";

export function markdown(source) {
  const rows = String(source ?? "").replace(/\r/g, "").split("\n");
  const nodes = [];
  let i = 0;
  while (i < rows.length) {
    const row = rows[i];
    let m;
    if (!row.trim()) i += 1;
    else if ((m = /^ {0,3}(```+|~~~+)\s*(\S*)/.exec(row))) i = fence(rows, i, m[1], nodes);
    else if ((m = /^ {0,3}(#{1,6}) +(.*?)#* *$/.exec(row))) { nodes.push(h(`h${Math.min(6, m[1].length + 2)}`, { class: "md-h" }, spans(m[2]))); i += 1; }
    else if (/^ {0,3}([-*_])( *\1){2,} *$/.test(row)) { nodes.push(h("hr")); i += 1; }
    else if (/^ {0,3}>/.test(row)) i = quote(rows, i, nodes);
    else if (ITEM.test(row)) i = list(rows, i, nodes);
    else if (row.includes("|") && /^ *\|?[ :|-]*-[ :|-]*\|?[ :|-]*$/.test(rows[i + 1] ?? "") && rows[i + 1].includes("|")) i = table(rows, i, nodes);
    else i = paragraph(rows, i, nodes);
  }
  return nodes;
}

const ITEM = /^( *)([-*+]|\d{1,9}[.)]) +(.*)$/;

function fence(rows, start, mark, nodes) {
  let i = start + 1;
  const code = [];
  while (i < rows.length && !rows[i].trim().startsWith(mark)) code.push(rows[i++]);
  nodes.push(h("pre", {}, h("code", {}, code.join("\n"))));
  return i + 1;
}

function quote(rows, start, nodes) {
  let i = start;
  const inner = [];
  while (i < rows.length && /^ {0,3}>/.test(rows[i])) inner.push(rows[i++].replace(/^ {0,3}> ?/, ""));
  nodes.push(h("blockquote", {}, markdown(inner.join("\n"))));
  return i;
}

function list(rows, start, nodes) {
  const [, indent, mark] = ITEM.exec(rows[start]);
  const ordered = /\d/.test(mark);
  const box = h(ordered ? "ol" : "ul", { start: ordered ? Number.parseInt(mark, 10) : undefined });
  let i = start;
  while (i < rows.length) {
    const m = ITEM.exec(rows[i]);
    if (!m || m[1].length < indent.length || (m[1].length === indent.length && /\d/.test(m[2]) !== ordered)) break;
    const body = [m[3]];
    const content = m[1].length + m[2].length + 1;
    i += 1;
    while (i < rows.length && rows[i].trim() && rows[i].search(/\S/) > indent.length) body.push(rows[i++].slice(Math.min(content, rows[i - 1].search(/\S/))));
    const task = /^\[([ xX])\] +(.*)$/.exec(body[0]);
    if (task) body[0] = task[2];
    const inner = markdown(body.join("\n"));
    if (inner[0]?.nodeName === "P") inner.splice(0, 1, ...inner[0].childNodes);
    box.append(h("li", { class: task ? "task" : undefined }, task ? h("span", { role: "img", "aria-label": task[1] === " " ? "to do" : "done" }, task[1] === " " ? "☐ " : "☑ ") : null, inner));
  }
  nodes.push(box);
  return i;
}

function table(rows, start, nodes) {
  const cells = (row) => row.trim().replace(/^\||\|$/g, "").split("|").map((c) => c.trim());
  const body = h("tbody");
  let i = start + 2;
  while (i < rows.length && rows[i].includes("|")) body.append(h("tr", {}, cells(rows[i++]).map((c) => h("td", {}, spans(c)))));
  nodes.push(h("div", { class: "scroll-x", tabindex: "0", role: "group", "aria-label": "Table" }, h("table", {}, h("thead", {}, h("tr", {}, cells(rows[start]).map((c) => h("th", {}, spans(c))))), body)));
  return i;
}

function paragraph(rows, start, nodes) {
  let i = start + 1;
  const text = [rows[start]];
  while (i < rows.length && rows[i].trim() && !/^ {0,3}(```|~~~|#{1,6} |>)/.test(rows[i]) && !ITEM.test(rows[i])) text.push(rows[i++]);
  nodes.push(h("p", {}, text.flatMap((t, n) => (n ? [h("br"), ...spans(t)] : spans(t)))));
  return i;
}

const SPAN = /\\([\\`*_{}[\]()#+.!~|>-])|(`+)(.+?)\2|!?\[([^\]\n]*)\]\(([^)\s]+)(?: "[^"]*")?\)|<((?:https?|mailto):[^<>\s]+)>|(\*\*|__)(?=\S)(.+?\S?)\7|(~~)(?=\S)(.+?)~~|([*_])(?=[^\s*_])(.+?)\11(?![\p{L}\p{N}])|:([a-z0-9_+-]+):|https?:\/\/[^\s<>]+[^\s<>.,;:!?)\]'"]/gu;

function spans(text) {
  const nodes = [];
  let done = 0;
  for (const m of text.matchAll(SPAN)) {
    const node = span(m);
    if (node === null) continue;
    if (m.index > done) nodes.push(text.slice(done, m.index));
    nodes.push(node);
    done = m.index + m[0].length;
  }
  if (done < text.length) nodes.push(text.slice(done));
  return nodes;
}

function span(m) {
  if (m[1]) return m[1];
  if (m[2]) return h("code", {}, m[3]);
  if (m[5]) return link(m[5], m[4] ? spans(m[4]) : m[5]);
  if (m[6]) return link(m[6], m[6]);
  if (m[7]) return h("strong", {}, spans(m[8]));
  if (m[9]) return h("s", {}, spans(m[10]));
  if (m[11]) return h("em", {}, spans(m[12]));
  if (m[13]) return emojiFor(m[13]);
  return link(m[0], m[0]);
}
