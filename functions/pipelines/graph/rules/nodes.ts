import * as z from "zod";
import { conditionSchema } from "../../../../shared/expressions/condition.ts";
import { approval } from "./kinds/approvals.ts";
import { condition, router } from "./kinds/branches.ts";
import { loop, map, subPipeline } from "./kinds/calls.ts";
import { input, output } from "./kinds/ends.ts";
import { localId, type NodeKind } from "./kinds/kind.ts";
import { supervisor } from "./kinds/supervisors.ts";
import { agent, connector, http, tool } from "./kinds/tasks.ts";
import { merge, synthesizer, transform } from "./kinds/values.ts";
import { wait } from "./kinds/waits.ts";
import { graphLimits } from "./limits.ts";

const label = z
  .string()
  .trim()
  .min(1)
  .max(graphLimits.label)
  .regex(/^[^\p{Cc}]*$/u, "must not contain control characters");

/** The strict shape of a node of one kind. */
const nodeOf = <K extends string, S extends z.ZodType>(kind: NodeKind<K, S>) =>
  z
    .strictObject({
      id: localId,
      kind: z.literal(kind.kind),
      label,
      config: kind.config,
    })
    .meta({ id: nodeName(kind.kind), description: kind.summary });

/** `HttpNode`: the name of a kind's nodes in the API's documentation. */
const nodeName = (kind: string): string =>
  `${kind.replace(/(?:^|_)([a-z])/g, (_, first: string) => first.toUpperCase())}Node`;

const variants = [
  nodeOf(input),
  nodeOf(agent),
  nodeOf(condition),
  nodeOf(router),
  nodeOf(supervisor),
  nodeOf(merge),
  nodeOf(synthesizer),
  nodeOf(http),
  nodeOf(tool),
  nodeOf(connector),
  nodeOf(transform),
  nodeOf(wait),
  nodeOf(approval),
  nodeOf(subPipeline),
  nodeOf(map),
  nodeOf(loop),
  nodeOf(output),
] as const;

const kindNames = variants.map((variant) => variant.shape.kind.value);

/** One node of a graph. */
export const nodeSchema = z
  .discriminatedUnion("kind", [...variants], {
    error: `kind must be one of ${kindNames.join(", ")}`,
  })
  .meta({ id: "PipelineNode", description: "One node of a graph." });
export type GraphNode = z.output<typeof nodeSchema>;

/** One connection of a graph. Its handles default to `output` and `input`. */
export const connectionSchema = z
  .strictObject({
    id: localId,
    source: localId,
    source_handle: localId.optional(),
    target: localId,
    target_handle: localId.optional(),
    label: label.optional(),
    condition: conditionSchema
      .optional()
      .meta({ description: "Only out of condition and router: narrows the chosen branch." }),
  })
  .meta({ id: "PipelineConnection", description: "One connection of a graph." });
export type Connection = z.output<typeof connectionSchema>;

/** Reports each id that occurs again. */
function unique(list: readonly { readonly id: string }[], field: string, context: z.core.ParsePayload<Graph>): void {
  const seen = new Set<string>();
  for (const [index, { id }] of list.entries()) {
    if (seen.has(id)) {
      context.issues.push({
        code: "custom",
        input: id,
        path: [field, index, "id"],
        message: `id "${id}" is used twice in this graph`,
      });
    }
    seen.add(id);
  }
}

/** A graph as it is sent and stored. Ids are unique inside it, and only there. Whether it can run is told by `validateGraph`. */
export const graphSchema = z
  .strictObject({
    nodes: z.array(nodeSchema).max(graphLimits.nodes),
    connections: z.array(connectionSchema).max(graphLimits.connections),
  })
  .check((context) => {
    unique(context.value.nodes, "nodes", context);
    unique(context.value.connections, "connections", context);
  })
  .meta({ id: "PipelineGraph" });
export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly connections: readonly Connection[];
}
