// What could complete the word before the caret: a command at the very start, or a person, group or app after "@".
import { nameOf, store } from "./state.js";
import { KINDS } from "./people.js";

/** [{label, hint, insert, replaces, complete}], best first; `replaces` characters before the caret make way. */
export function suggestions(before, inThread) {
  const command = /^\/[\w-]*$/.exec(before);
  if (command && !inThread) return commands(command[0]);
  const mention = /(?:^|[\s(])@([\w.-]*)$/u.exec(before);
  return mention ? mentions(mention[1].toLowerCase()) : [];
}

function commands(typed) {
  return (store.app.commands ?? []).filter((c) => c.command.startsWith(typed)).map((c) => ({
    label: c.command, hint: [c.usage_hint, c.description].filter(Boolean).join(" · "),
    insert: `${c.command} `, replaces: typed.length, complete: c.command === typed,
  }));
}

function mentions(typed) {
  const starts = (...names) => names.some((n) => (n ?? "").toLowerCase().split(/[ .]/).some((w) => w.startsWith(typed)) || (n ?? "").toLowerCase().startsWith(typed));
  const people = store.users.filter((u) => !u.deleted && u.id !== store.me && starts(u.name, u.real_name))
    .map((u) => ({ name: u.name, hint: [nameOf(u), KINDS[u.kind]].filter(Boolean).join(" · ") }));
  const groups = store.usergroups.filter((g) => starts(g.handle, g.name)).map((g) => ({ name: g.handle, hint: `${g.name} · group of ${g.users?.length ?? 0}` }));
  const rooms = ["here", "channel"].filter((w) => typed && w.startsWith(typed)).map((name) => ({ name, hint: "everybody in this channel" }));
  return [...people, ...groups, ...rooms].slice(0, 8)
    .map((s) => ({ label: `@${s.name}`, hint: s.hint, insert: `@${s.name} `, replaces: typed.length + 1, complete: false }));
}
