import * as z from "zod";
import { descriptionSchema, nameSchema, tagsSchema } from "../../shared/http/schemas.ts";
import { ownerIdSchema } from "../../shared/identity/owned.ts";
import { idSchema } from "../../shared/ids.ts";
import { defineStates } from "../../shared/states.ts";
import { cutText } from "../../shared/text.ts";
import { type PatternName, patternAliases, patternNamed, patternNames } from "./graph/rules/patterns.ts";

/**
 * Most different agents in an active pipeline, and most that one activation may take and release together. Activation
 * holds each agent with two writes in the one transaction that switches the pointer; of its 100 places the pipeline,
 * its links to workspaces, the event, the audit entry and the idempotency key take the rest.
 */
export const MAX_ACTIVE_AGENTS = 40;

/** A graph whose canonical text is larger than this is not sent inline: the answer names an address to fetch it from. */
export const INLINE_GRAPH_BYTES = 2_000_000;

/** Largest graph, as JSON text. Beyond the size of a request it comes by upload. */
export const MAX_GRAPH_BYTES = 5_000_000;

/** Largest layout, as JSON text: it is one item of the table. Ten thousand nodes with ids of a dozen characters fit. */
export const MAX_LAYOUT_BYTES = 350_000;

/** How long an upload of a graph can be used. */
export const UPLOAD_SECONDS = 3_600;

export const pipelineStatuses = ["draft", "active", "archived", "purging"] as const;
export const pipelineStatusSchema = z.enum(pipelineStatuses).meta({ id: "PipelineStatus" });
export type PipelineStatus = (typeof pipelineStatuses)[number];

export const pipelineStates = defineStates("pipeline", pipelineStatuses, [
  { from: [], to: "draft", why: "It is created, or copied." },
  { from: ["draft", "active"], to: "active", why: "A revision is activated: the one that live runs use." },
  { from: ["active"], to: "draft", why: "It is deactivated." },
  { from: ["draft", "active"], to: "archived", why: "It is archived." },
  { from: ["archived"], to: "draft", why: "It is restored." },
  { from: ["archived"], to: "purging", why: "Nobody restored it in time: it is being erased." },
]);
/** An archived pipeline is neither changed nor run. */
export const USABLE_PIPELINE = pipelineStates.from("archived");

/** @throws Problem `conflict` for a pipeline that is archived, or on its way out */
export function refuseArchived({ status }: { readonly status: PipelineStatus }): void {
  if (!USABLE_PIPELINE.includes(status)) throw pipelineStates.refusal(status, USABLE_PIPELINE);
}

const canonicalPattern = z.enum(patternNames as [PatternName, ...PatternName[]]).meta({ id: "PatternName" });

/** A pattern by its name or an alias; what is stored is the name. */
export const patternInput = z
  .enum([...patternNames, ...Object.keys(patternAliases)] as [string, ...string[]])
  .meta({ id: "PatternNameOrAlias" })
  .transform((name): PatternName => patternNamed(name) ?? "sequential");

export const revisionNumber = z.number().int().min(1).max(999_999_999);

/** How many runs of a pipeline may go on at a time. */
export const concurrentRuns = z.int().min(1).max(1_000).nullable().meta({
  description:
    "How many of its runs go on at a time, counted from when this is set; further ones wait as `queued`. Null: as many as the plan has places for.",
});

/** The pipeline as the API shows it; its graph is read apart. */
export const pipelineView = z
  .object({
    id: idSchema("pipeline"),
    organization_id: idSchema("organization"),
    workspace_ids: z.array(idSchema("workspace")),
    name: nameSchema,
    description: descriptionSchema,
    pattern: canonicalPattern,
    tags: tagsSchema,
    status: pipelineStatusSchema,
    revision: revisionNumber.meta({ description: "Number of the newest revision of the graph." }),
    graph_hash: z.string().meta({ description: "Content hash of the newest revision." }),
    active_revision: revisionNumber
      .nullable()
      .meta({ description: "The revision that new runs are pinned to; null while the pipeline is not active." }),
    node_count: z.number().int(),
    connection_count: z.number().int(),
    max_concurrent_runs: concurrentRuns.default(null),
    owner_id: ownerIdSchema,
    created_by: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
    activated_at: z.string().nullable(),
    archived_at: z.string().nullable(),
    purge_at: z
      .string()
      .nullable()
      .meta({ description: "Until when an archived pipeline can be restored; then it is erased with its revisions." }),
  })
  .meta({ id: "Pipeline", description: "A graph of agents and control nodes with a pattern." });
export type PipelineView = z.output<typeof pipelineView>;

/** What a copy is called: the name and "(copy)", within the limit of names. */
export const copyName = (name: string): string => `${cutText(name, 120 - " (copy)".length)} (copy)`;

/** One finding about a graph. */
export const graphIssueSchema = z
  .object({
    code: z.string(),
    message: z.string(),
    node_ids: z.array(z.string()),
    connection_ids: z.array(z.string()),
    handle: z.string().optional().meta({ description: "Of the node, where the finding is about one." }),
    path: z
      .string()
      .optional()
      .meta({ description: "The path that is read, where the finding is about one.", example: "input.text" }),
  })
  .meta({ id: "GraphIssue", description: "What is wrong with a graph, where, and what to do." });

export const validationSchema = z
  .object({
    valid: z.boolean().meta({ description: "No errors. Warnings do not block." }),
    errors: z.array(graphIssueSchema),
    warnings: z.array(graphIssueSchema),
  })
  .meta({ id: "GraphValidation", description: "Everything that was found in a graph." });

/** A revision without its graph. */
export const revisionView = z
  .object({
    pipeline_id: idSchema("pipeline"),
    revision: revisionNumber,
    graph_hash: z.string(),
    graph_bytes: z.number().int(),
    node_count: z.number().int(),
    connection_count: z.number().int(),
    created_by: z.string(),
    created_at: z.string(),
  })
  .meta({ id: "PipelineRevision", description: "An immutable state of a pipeline's graph." });
export type RevisionView = z.output<typeof revisionView>;
