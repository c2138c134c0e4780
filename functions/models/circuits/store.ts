import * as z from "zod";
import { timestamp } from "../../../shared/clock.ts";
import { defineItem, type ItemOf } from "../../../shared/dynamo/item.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, unread, type Write } from "../../../shared/dynamo/write.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { type CircuitFailure, circuitSchema, FAILURES_TO_OPEN, type Failed } from "./rules/circuit.ts";

/** There is none before a provider's first failure. */
export const circuitItem = defineItem({
  type: "model_circuit",
  summary: "Whether a provider that fails is called: its failures lately, and until when it is left alone.",
  schema: circuitSchema.extend({ provider: z.string(), etag: z.string() }),
  key: { pk: "MODEL_CIRCUITS", sk: "{provider}" },
});
export type StoredCircuit = ItemOf<typeof circuitItem>;

/** Counts a failure into a window that goes on and has room. `refuse` is given the circuit that has none. */
export const countWrite = (
  table: TenantTable,
  provider: string,
  last_error: CircuitFailure,
  { began, at }: Failed,
  refuse: Parameters<typeof table.writes.update<typeof circuitItem>>[4],
): Write =>
  table.writes.update(
    circuitItem,
    { provider },
    { set: { last_error }, add: { failures: 1 } },
    {
      equals: { state: "closed" },
      at_least: { window_ends_at: timestamp(at) },
      below: { failures: FAILURES_TO_OPEN - 1 },
      // Not of a call that was begun before it was closed again.
      any: [{ equals: { since: null } }, { below: { since: timestamp(new Date(began.getTime() + 1)) } }],
    },
    refuse,
  );

/** Puts a circuit in the place of the one that was read; refused when that has changed. */
export const circuitWrite = (table: TenantTable, read: StoredCircuit | undefined, next: StoredCircuit): Write =>
  read === undefined
    ? table.writes.create(circuitItem, next, lostRace)
    : table.writes.replace(circuitItem, next, read.etag);

/**
 * Names the provider in the organization's own record, which everybody reads before a call, or takes it off there. So nobody
 * reads a circuit that is closed. A name that is lost or left to another change of the record is mended when it is met.
 */
export const markWrite = (table: TenantTable, provider: string, open: boolean): Write => {
  const names = { open_circuits: new Set([provider]) };
  return unread(table.writes.update(organizationItem, {}, open ? { add: names } : { take: names }, { exists: true }));
};

/** That the circuit is still as its name in the organization's record is to say. */
export const standsWrite = (table: TenantTable, provider: string, open: boolean): Write =>
  table.writes.check(
    circuitItem,
    { provider },
    open
      ? { exists: true, differs: { state: "closed" } }
      : { any: [{ exists: false }, { equals: { state: "closed" } }] },
    lostRace,
  );

/** All circuits of an organization, by provider. */
export async function circuitsOf(table: TenantTable): Promise<ReadonlyMap<string, StoredCircuit>> {
  const circuits = new Map<string, StoredCircuit>();
  for await (const one of table.all(circuitItem, { of: {} })) circuits.set(one.provider, one);
  return circuits;
}
