import type { Trigger } from "../model.ts";
import { parseCron } from "./cron.ts";
import { nextOccurrence } from "./zones.ts";

/** When a schedule comes next after a time; undefined where no time decides it, or none is left. */
export function nextOf(trigger: Trigger, after: Date): Date | undefined {
  switch (trigger.kind) {
    case "cron":
      return nextOccurrence(parseCron(trigger.cron), trigger.timezone, after);
    case "once":
      return Date.parse(trigger.at) > after.getTime() ? new Date(trigger.at) : undefined;
    case "event":
      return undefined;
  }
}

/** The next times of a schedule. */
export function occurrencesOf(trigger: Trigger, from: Date, count: number): Date[] {
  const found: Date[] = [];
  for (let next = nextOf(trigger, from); next !== undefined && found.length < count; next = nextOf(trigger, next))
    found.push(next);
  return found;
}
