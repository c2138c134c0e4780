const clocks = new Map<string, Intl.DateTimeFormat>();

/** What a clock of the zone shows, written so that it can be taken apart. */
function clockOf(zone: string): Intl.DateTimeFormat {
  let clock = clocks.get(zone);
  if (clock === undefined) {
    const digits = "2-digit" as const;
    clock = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      ...{ year: "numeric", month: digits, day: digits, hour: digits, minute: digits, second: digits },
    });
    clocks.set(zone, clock);
  }
  return clock;
}

/** Milliseconds by which clocks of the zone are ahead of UTC at this instant. */
export function offsetAt(zone: string, instant: number): number {
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = (
    clockOf(zone).format(instant).match(/\d+/g) ?? []
  ).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1_000) * 1_000;
}

/**
 * A time zone's name as the database of zones writes it; undefined for none. Offsets are time zones to ECMAScript, too, and
 * no names.
 */
export function canonicalZone(name: string): string | undefined {
  if (!/^[A-Za-z]/.test(name)) return undefined;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}
