import * as z from "zod";
import type { Blobs } from "../../../shared/blobs/blobs.ts";
import { runFiles } from "../../../shared/blobs/purposes.ts";
import { trusted } from "../../../shared/bounded/trusted.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import { type AgentSnapshot, type SnapshotContent, snapshotContentSchema } from "../../agents/public.ts";
import { type Graph, graphSchema } from "../../pipelines/graph/public.ts";
import { type SealedHeaders, sealedHeadersSchema } from "../../pipelines/public.ts";
import { runValue, type StoredRun } from "../store.ts";
import { bringsSetup } from "./rules/brings.ts";

const stepError = z.object({ code: z.string(), message: z.string() });

/** What a node that is not worked has come to, as far as others follow from it. */
const givenSchema = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("completed"),
    output: z.custom<Json>(),
    handle: z.string(),
    blocked: z.array(z.int()),
  }),
  z.object({ status: z.literal("failed"), error: stepError, handle: z.string() }),
  z.object({ status: z.literal("skipped") }),
]);
export type GivenOutcome = z.output<typeof givenSchema>;

const setupSchema = z.object({
  /** A graph that is no revision, and the encrypted values that it refers to. */
  graph: graphSchema.optional(),
  secrets: sealedHeadersSchema.optional(),
  /** Outcomes by node, of a test of one node. */
  given: z.record(z.string(), givenSchema).optional(),
  /** The agent under test, as no version has it. */
  agent: snapshotContentSchema.optional(),
});

/** What a test brings to be run. It is kept with its run and nowhere else: nothing else can come to use it. */
export interface Setup {
  readonly graph?: Graph | undefined;
  readonly secrets?: SealedHeaders | undefined;
  readonly given?: Readonly<Record<string, GivenOutcome>> | undefined;
  readonly agent?: SnapshotContent | undefined;
}

/** Stores it, before the transaction that starts the run. */
export const storeSetup = (
  blobs: Pick<Blobs, "store">,
  tenant: string,
  run: Pick<StoredRun, "id" | "kept_days">,
  setup: Setup,
) => blobs.store(runFiles(tenant, run), JSON.stringify(setup));

/** What a run has brought; nothing of one that has brought nothing. */
export async function loadSetup(table: TenantTable, blobs: Blobs, run: Pick<StoredRun, "id" | "test">): Promise<Setup> {
  if (!bringsSetup(run)) return {};
  const stored = await runValue(table, blobs, run.id, "setup");
  return trusted(() => setupSchema.parse(stored));
}

/** The agent under test, where it is this one and was brought with the test. */
export const draftAgent = (
  tenant: string,
  run: Pick<StoredRun, "target_id">,
  { agent }: Setup,
  agent_id: string | undefined,
): AgentSnapshot | undefined =>
  agent === undefined || agent_id !== run.target_id
    ? undefined
    : { ...agent, organization_id: tenant, agent_id, version: null };
