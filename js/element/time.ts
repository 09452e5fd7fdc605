/** How long something lasts, in the largest unit that says enough. */
import type { Messages } from "./messages/table.js";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function timeIn({ lang, timeLeft, lastMinute }: Messages, left: number): string {
  if (left < MINUTE) return lastMinute;
  const [size, unit] = left >= 2 * DAY ? [DAY, "day"] : left >= 2 * HOUR ? [HOUR, "hour"] : [MINUTE, "minute"];
  const time = new Intl.NumberFormat(lang, { style: "unit", unit }).format(Math.floor(left / size));
  return timeLeft.replace("{time}", () => time);
}
