import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import type { StoredExport } from "../model.ts";
import { type ExportHealth, ofExport, traceExportHealthItem } from "../store.ts";

/** So long somebody has their turn at most: as long as the function has. */
const TURN_SECONDS = 120;

class Taken extends Problem {
  constructor() {
    super("conflict", "It is somebody else's turn.");
  }
}

/**
 * A collector that could not listen is tried by one at a time, and not before its time: all others would wait for it as long,
 * in the place of other organizations.
 * @returns undefined where it is tried now, else until when nobody may
 */
export async function takeTurn(
  table: TenantTable,
  stored: StoredExport,
  health: ExportHealth | undefined,
  now: Date,
): Promise<Date | undefined> {
  if (health?.not_before === undefined) return undefined;
  const { not_before } = health;
  if (Date.parse(not_before) > now.getTime()) return new Date(not_before);
  const until = addSeconds(now, TURN_SECONDS);
  const change = { set: { not_before: timestamp(until) } };
  const when = { all: [ofExport(stored), { equals: { not_before } }] };
  try {
    await table.apply(
      traceExportHealthItem,
      table.writes.update(traceExportHealthItem, {}, change, when, () => new Taken()),
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof Taken)) throw error;
    return until;
  }
}
