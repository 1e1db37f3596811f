// Times as instants, the mirror of events/instants.py: whole microseconds since 1970-01-01T00:00:00Z.

import { InvalidInput } from "../proof/errors.ts";

/** The years 1 to 9999 in UTC. */
const FIRST = -62_135_596_800_000_000n;
const END = 253_402_300_800_000_000n;

const TIMESTAMP =
  /^(\d{4})-(\d\d)-(\d\d)[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.(\d+))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/** The instant of a time with zone; digits beyond microseconds are dropped, a leap second is the second after it. */
export function microseconds(text: string): bigint {
  const found = TIMESTAMP.exec(text);
  const local = found && secondsOf(found.slice(1, 7).map(Number));
  if (!found || local === null) {
    throw new InvalidInput(`expected a time with zone, such as 2026-03-01T12:00:00Z, got '${text.slice(0, 40)}'`);
  }
  const zone = (Number(found[9] ?? 0) * 60 + Number(found[10] ?? 0)) * (found[8] === "-" ? -60 : 60);
  return BigInt(local - zone) * 1_000_000n + BigInt((found[7] ?? "").slice(0, 6).padEnd(6, "0"));
}

/** Seconds since 1970 of a date and time, or null when the calendar has no such day. */
function secondsOf([year, month, day, hour, minute, second]: readonly number[]): number | null {
  const moment = new Date(0);
  // Not Date.UTC, which takes the years 0 to 99 for those of the last century.
  moment.setUTCFullYear(year!, month! - 1, day!);
  if (!year || moment.getUTCMonth() !== month! - 1 || moment.getUTCDate() !== day) return null;
  const seconds = moment.getTime() / 1000 + hour! * 3600 + minute! * 60 + second!;
  // The leap second after the last one has no second after it.
  return BigInt(seconds) * 1_000_000n < END ? seconds : null;
}

/** An instant as RFC 3339 in UTC with milliseconds, or with microseconds where it has them. */
export function timestampText(instant: bigint): string {
  if (instant < FIRST || instant >= END) {
    throw new InvalidInput("a time beyond the years 1 to 9999 cannot be told");
  }
  const rest = ((instant % 1000n) + 1000n) % 1000n;
  const text = new Date(Number((instant - rest) / 1000n)).toISOString();
  return rest ? `${text.slice(0, -1)}${String(rest).padStart(3, "0")}Z` : text;
}
