/** Times for people. Each is made for `now`, so that a page can say when it was looked at. */
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** "3 days ago", "just now". */
export function ago(time, now) {
  const past = Math.max(0, now - time);
  if (past < MINUTE) return "just now";
  const [size, unit] = past < HOUR ? [MINUTE, "minute"] : past < DAY ? [HOUR, "hour"] : [DAY, "day"];
  return relative.format(-Math.floor(past / size), unit);
}

/** "in 54 min 07 s"; to the second in the last hour, where it is looked at. */
export function until(time, now) {
  const left = time - now;
  if (left <= 0) return ago(time, now);
  const days = Math.floor(left / DAY);
  const hours = Math.floor((left % DAY) / HOUR);
  const minutes = Math.floor((left % HOUR) / MINUTE);
  if (days > 0) return `in ${days} d ${hours} h`;
  if (hours > 0) return `in ${hours} h ${minutes} min`;
  return `in ${minutes} min ${String(Math.floor((left % MINUTE) / 1000)).padStart(2, "0")} s`;
}
