import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { agentVersionItem, type StoredAgent } from "../store.ts";
import { snapshotOf } from "./pin.ts";

type Schema = Readonly<Record<string, unknown>> | null;

/** Versions never change, so what was read of the latest ones is kept. */
const KEPT = 500;
const kept = new Map<string, Schema>();

/**
 * What versions of agents answer with: null without a response schema, undefined for a version that is not there. The
 * working copy says it of the newest version, as long as it has not been changed since; others are read.
 */
export async function responseSchemas(
  table: TenantTable,
  blobs: Pick<Blobs, "load">,
  wanted: readonly { readonly agent: StoredAgent; readonly version: number | null }[],
): Promise<(Schema | undefined)[]> {
  const keyOf = (agent: StoredAgent, version: number) => `${table.tenant}/${agent.id}/${version}`;
  const now = wanted.map(({ agent, version }): Schema | undefined => {
    if (version === null) return undefined;
    const same = version === agent.latest_version && agent.definition_number === agent.versioned_definition;
    return same ? agent.response_schema : kept.get(keyOf(agent, version));
  });
  const unread = wanted.flatMap(({ agent, version }, i) =>
    version === null || now[i] !== undefined ? [] : [{ agent, version, i }],
  );
  const found = await table.table.batch(
    unread.map(({ agent, version }) => table.read(agentVersionItem, { agent_id: agent.id, number: version })),
  );
  await Promise.all(
    unread.map(async ({ agent, version, i }, n) => {
      const stored = found[n];
      if (stored === undefined) return;
      const { definition } = await snapshotOf(blobs, stored);
      now[i] = definition.response_schema;
      kept.set(keyOf(agent, version), definition.response_schema);
      const [oldest] = kept.keys();
      if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
    }),
  );
  return now;
}
