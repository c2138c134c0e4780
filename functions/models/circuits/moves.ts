import { commitChange, systemContext } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { newEtag } from "../../../shared/ids.ts";
import { modelEvents } from "../events.ts";
import {
  afterFailure,
  type Circuit,
  type CircuitFailure,
  closed,
  type Failed,
  givenBack,
  probing,
  reopened,
} from "./rules/circuit.ts";
import { circuitItem, circuitWrite, countWrite, markWrite, type StoredCircuit, standsWrite } from "./store.ts";

/** Others write at the same time; a failure that is not counted for it is one of many. */
const TRIES = 4;

/** One provider of one organization, as those see it who call it. */
export interface Watched {
  readonly table: TenantTable;
  readonly provider: string;
  readonly audit_days: number;
  /** A number from 0 to 1. */
  readonly chance: () => number;
}

/** The circuit as it stands refuses; only used inside. */
class NotOneMore extends Problem {
  readonly circuit: StoredCircuit | undefined;
  constructor(circuit: StoredCircuit | undefined) {
    super("conflict", "The circuit has changed.");
    this.circuit = circuit;
  }
}

const stored = (of: Watched, next: Circuit, at: Date): StoredCircuit => ({
  ...next,
  provider: of.provider,
  etag: newEtag(at),
});

/** What tells that a circuit was opened. */
const openedEvent = ({ provider }: Watched, { last_error, failures, retry_at }: Circuit) =>
  draft(
    modelEvents,
    "model_provider.circuit_opened",
    { id: provider },
    { provider, failures, error_code: last_error?.code ?? "", retry_at: retry_at ?? "" },
    { outcome: "failed" },
  );

export const closedEvent = (provider: string, by: "probe" | "reset" | "settings") =>
  draft(modelEvents, "model_provider.circuit_closed", { id: provider }, { provider, by });

const context = ({ table, audit_days }: Watched, at: Date) =>
  systemContext(table.tenant, "model_circuit", at, audit_days);

/** Whether a write was refused because somebody else was first; what else goes wrong is thrown. */
async function won(done: Promise<unknown>): Promise<boolean> {
  try {
    await done;
    return true;
  } catch (error) {
    const lost =
      error instanceof Problem && ["precondition_failed", "not_found", "already_exists"].includes(error.code);
    if (!lost) throw error;
    return false;
  }
}

/**
 * Has the organization's record name the provider, or not, as its circuit stands: who replaces the record while a circuit opens or
 * closes loses the name, or brings it back.
 */
export async function mendMark({ table, provider }: Pick<Watched, "table" | "provider">, open: boolean): Promise<void> {
  const organization = await table.get(organizationItem, {});
  if (organization === undefined || (organization.open_circuits?.has(provider) ?? false) === open) return;
  await won(table.transact([markWrite(table, provider, open), standsWrite(table, provider, open)]));
}

/** Counts a failure of a call that was made as usual; the one too many opens the circuit, and says so. */
export async function countFailure(of: Watched, error: CircuitFailure, failed: Failed): Promise<void> {
  const { table, provider, chance } = of;
  const { at } = failed;
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    try {
      await table.apply(
        circuitItem,
        countWrite(table, provider, error, failed, (old) => new NotOneMore(old)),
      );
      return;
    } catch (refused) {
      if (!(refused instanceof NotOneMore)) throw refused;
      const { circuit } = refused;
      const next = afterFailure(circuit, error, failed, chance());
      if (next === undefined) {
        // Whoever opened it has named it; unless the name was lost to another change of the organization.
        if (circuit !== undefined && circuit.state !== "closed") await mendMark(of, true);
        return;
      }
      const write = circuitWrite(table, circuit, stored(of, next, at));
      const done =
        next.state === "open"
          ? commitChange(table.table, context(of, at), {
              writes: [write, markWrite(table, provider, true)],
              events: [openedEvent(of, next)],
            })
          : table.apply(circuitItem, write);
      if (await won(done)) return;
    }
  }
}

/** Takes the one probe of a circuit that is due; undefined for all but one of those who try. */
export async function takeProbe(
  of: Watched,
  read: StoredCircuit,
  timeout_ms: number,
  at: Date,
): Promise<StoredCircuit | undefined> {
  const mine = stored(of, probing(read, timeout_ms, at), at);
  return (await won(of.table.apply(circuitItem, circuitWrite(of.table, read, mine)))) ? mine : undefined;
}

/** What a probe has come to. Without effect where it was held to be dead, and somebody else has tried, or a person has reset it. */
export async function endProbe(
  of: Watched,
  mine: StoredCircuit,
  result: CircuitFailure | "answers" | "nothing",
  at: Date,
): Promise<void> {
  const { table, provider, chance } = of;
  const to = (next: Circuit) => circuitWrite(table, mine, stored(of, next, at));
  if (result === "answers") {
    await won(
      commitChange(table.table, context(of, at), {
        writes: [to(closed(mine, at)), markWrite(table, provider, false)],
        events: [closedEvent(provider, "probe")],
      }),
    );
    return;
  }
  const next = result === "nothing" ? givenBack(mine, at) : reopened(mine, result, at, chance());
  await won(table.apply(circuitItem, to(next)));
}
