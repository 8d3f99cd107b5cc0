// Times as the reader's browser writes them.
const format = (options) => new Intl.DateTimeFormat(undefined, options);
const CLOCK = format({ hour: "2-digit", minute: "2-digit" });
const SECONDS = format({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = format({ weekday: "long", day: "numeric", month: "long" });
const SHORT = format({ day: "numeric", month: "short", year: "numeric" });
const LONG = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const MEDIUM = format({ day: "numeric", month: "long", year: "numeric" });

const dateOf = (ts) => new Date(Number(ts) * 1000);
const sameDay = (a, b) => a.toDateString() === b.toDateString();

export const clock = (ts) => CLOCK.format(dateOf(ts));
/** The clock without its half of the day, for the narrow margin. */
export const shortClock = (ts) => CLOCK.formatToParts(dateOf(ts)).filter((p) => p.type !== "dayPeriod").map((p) => p.value).join("").trim();
export const full = (ts) => `${LONG.format(dateOf(ts))}, ${SECONDS.format(dateOf(ts))}`;

export function day(ts) {
  return relativeDay(dateOf(ts)) ?? DAY.format(dateOf(ts));
}

function relativeDay(date) {
  const now = new Date();
  for (const [shift, word] of [[0, "Today"], [-1, "Yesterday"], [1, "Tomorrow"]]) {
    const that = new Date(now);
    that.setDate(now.getDate() + shift);
    if (sameDay(that, date)) return word;
  }
  return null;
}

/** Slack's `<!date^…>` template filled in, in words a person would use. */
export function dateToken(seconds, template) {
  const date = dateOf(seconds);
  if (Number.isNaN(date.getTime())) return null;
  const pretty = (style) => relativeDay(date)?.toLowerCase() ?? style.format(date);
  const parts = {
    date_num: () => `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}-${String(date.getDate()).padStart(2, "0")}`,
    date: () => MEDIUM.format(date), date_short: () => SHORT.format(date), date_long: () => LONG.format(date),
    date_pretty: () => pretty(MEDIUM), date_short_pretty: () => pretty(SHORT), date_long_pretty: () => pretty(LONG),
    time: () => CLOCK.format(date), time_secs: () => SECONDS.format(date), ago: () => ago(date),
  };
  return template.replace(/\{(\w+)\}/g, (whole, name) => parts[name]?.() ?? whole);
}

function ago(date) {
  const seconds = Math.round((date.getTime() - Date.now()) / 1000);
  const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const [unit, size] = units.find(([, s]) => Math.abs(seconds) >= s) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(Math.round(seconds / size), unit);
}
