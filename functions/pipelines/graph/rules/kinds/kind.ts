import * as z from "zod";
import type { Condition } from "../../../../../shared/expressions/condition.ts";
import { jsonValue } from "../../../../../shared/expressions/json.ts";
import type { Mapping } from "../../../../../shared/expressions/mapping.ts";
import { reservedNames } from "../../../../../shared/expressions/paths.ts";
import { laterSchema } from "../../../../../shared/later.ts";
import { graphLimits } from "../limits.ts";
import { ANY, type Shape } from "../types/shape.ts";
import type { CostBound } from "./cost.ts";

/** Ids of nodes, connections and handles: chosen by the client, unique only inside their graph. */
export const localId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, `must be 1 to ${graphLimits.id} letters, digits, "_" or "-"`)
  .refine((id) => !reservedNames.has(id), "is a reserved name");

/** What holds for every node, whatever its kind, by name; units stand last. */
export const commonLimits = { timeout_ms: graphLimits.timeout_ms, max_attempts: 10, backoff_ms: 3_600_000 } as const;

/** What every kind's config holds besides its own fields. */
const common = {
  timeout_ms: z.number().int().min(100).max(commonLimits.timeout_ms).optional(),
  retry: z
    .strictObject({
      max_attempts: z
        .number()
        .int()
        .min(1)
        .max(commonLimits.max_attempts)
        .meta({ description: "Attempts in all, the first included." }),
      backoff_ms: z
        .number()
        .int()
        .min(0)
        .max(commonLimits.backoff_ms)
        .default(1_000)
        .meta({ description: "Pause before the second attempt; doubles each time." }),
    })
    .meta({ id: "NodeRetry" })
    .optional(),
  on_failure: z.enum(["fail_run", "error_edge", "fallback"]).meta({ id: "NodeOnFailure" }).default("fail_run"),
  fallback: jsonValue(graphLimits.constant).optional().meta({ description: "The output under on_failure: fallback." }),
};

/**
 * The strict config of a kind: its own fields and the common ones. It is made when a node of the kind is first parsed: a
 * worker of runs meets few of the kinds.
 */
export function configOf<const S extends z.ZodRawShape>(fields: () => S) {
  const make = () =>
    z.strictObject({ ...fields(), ...common }).check((context) => {
      const { on_failure, fallback } = context.value as { on_failure?: unknown; fallback?: unknown };
      if ((on_failure === "fallback") === (fallback !== undefined)) return;
      context.issues.push({
        code: "custom",
        input: context.value,
        path: ["fallback"],
        message:
          on_failure === "fallback"
            ? "is needed under on_failure: fallback"
            : "is used only under on_failure: fallback",
      });
    });
  return laterSchema(make);
}

/** A place in a config where the graph's values are used. */
export type Use =
  | {
      readonly field: string;
      readonly form: "expression";
      readonly text: string;
      /** What it must find, where not anything will do. */
      readonly accepts?: Shape;
    }
  /** A path in each of its inputs. */
  | { readonly field: string; readonly form: "member"; readonly path: string }
  | { readonly field: string; readonly form: "template"; readonly text: string }
  | {
      readonly field: string;
      readonly form: "condition";
      readonly condition: Condition;
      /** `input` in it is not what comes into the node but what it makes. */
      readonly of_result?: true;
    };

/** The expressions of a mapping, one use for each. `accepts`: what one that makes the whole value must find. */
export const usesOfMapping = (field: string, mapping: Mapping | undefined, accepts: Shape = ANY): readonly Use[] =>
  mapping === undefined
    ? []
    : typeof mapping === "string"
      ? [{ field, form: "expression", text: mapping, accepts }]
      : Object.entries(mapping).map(([name, text]) => ({ field: `${field}.${name}`, form: "expression", text }));

/** Which agent a node runs, of the kinds and strategies that run one. */
export const agentFields = {
  agent_id: z.string().min(1).max(64).optional(),
  version: z.number().int().min(1).optional().meta({ description: "Else the version active when the run starts." }),
};

/** The agent that a node runs; `agent_id` is missing where a draft does not say it yet. */
export interface NodeAgent {
  readonly agent_id?: string | undefined;
  readonly version?: number | undefined;
}

/** A thing of the organization that a config names by its id. */
export interface Reference {
  readonly type: ReferenceType;
  readonly id: string;
  /** Where the id stands in the config. */
  readonly path: ConfigPath;
  /** A number of that thing alone which is named beside it: an agent's version, a pipeline's revision. */
  readonly pin?: { readonly number: number; readonly path: ConfigPath };
}
export type ReferenceType = "agent" | "pipeline" | "connector";

/** People of the organization that a config names, in one list: no document carries them, they are named anew elsewhere. */
export interface NamedPeople {
  readonly type: "user" | "team";
  readonly ids: readonly string[];
  /** Where the list stands in the config. */
  readonly path: ConfigPath;
}
export type ConfigPath = readonly (string | number)[];

/** The reference to an agent, as `agentFields` name it at this place of a config. */
export const referenceToAgent = ({ agent_id, version }: NodeAgent, at: ConfigPath = []): readonly Reference[] =>
  agent_id === undefined
    ? []
    : [
        {
          type: "agent",
          id: agent_id,
          path: [...at, "agent_id"],
          ...(version === undefined ? {} : { pin: { number: version, path: [...at, "version"] } }),
        },
      ];

export const always = (): boolean => true;
export const never = (): boolean => false;

export const nodeGroups = ["flow", "agents", "values", "actions"] as const;
export type NodeGroup = (typeof nodeGroups)[number];

/** Stands for an agent of the organization in examples. */
export const EXAMPLE_AGENT = "agt_01JDQ4X0Z5V8W3N7K2M9R6T1BC";

/** What is known of the values around a node while it is found out what it emits. */
export interface Known {
  /** What comes along each of its connections. */
  readonly inputs: readonly { readonly node_id: string; readonly shape: Shape }[];
  /** Its input, merged of those. */
  readonly input: Shape;
  /** The object in the answers of the agent that it runs: never, where that has no response schema. */
  readonly object: Shape;
  /** What a mapping makes; of an expression that finds nothing, null. */
  mapped(mapping: Mapping): Shape;
}

/** Everything the product knows about one kind of node. Validation, planning, documentation and the canvas derive from it. */
export interface NodeKind<K extends string = string, S extends z.ZodType = z.ZodType> {
  readonly kind: K;
  readonly summary: string;
  /** Where the palette of a canvas shows it. */
  readonly group: NodeGroup;
  /** By the names of Lucide. */
  readonly icon: string;
  readonly config: S;
  /** A config that lacks nothing. */
  readonly example: z.input<S>;
  /** Pure kinds have no outside effect: the planner works them off itself. The others are a task of their own. */
  pure(config: z.output<S>): boolean;
  /** Connections into it: none, exactly one, or any number. */
  readonly receives: "none" | "one" | "many";
  /** Whether its outgoing connections may carry a condition. */
  readonly branches: boolean;
  /** Fields whose values are secret: whoever stores a graph encrypts them, whoever shows one leaves them out. */
  readonly secret_fields: readonly string[];
  /** Handles that its outgoing connections leave by, the error handle apart. */
  handles(config: z.output<S>): readonly string[];
  /** Those of them that have to be connected, whatever its config; a branching kind says for itself. */
  readonly needed_handles: readonly string[];
  /**
   * What may leave by a handle when its work was done, as wide as what is not known; its fallback and the error handle apart.
   * `shapeOf` makes it of a JSON Schema.
   */
  emits(config: z.output<S>, known: Known, handle: string): Shape;
  /** What each of its connections must bring at least perhaps. */
  accepts(config: z.output<S>): Shape;
  /** Where its config uses values of the graph. */
  uses(config: z.output<S>): readonly Use[];
  /** The agent that it runs, or whose tool it calls; undefined where it has none. */
  agent(config: z.output<S>): NodeAgent | undefined;
  /** Agents that do its work as runs of their own. */
  workers(config: z.output<S>): readonly NodeAgent[];
  /**
   * Everything of the organization that its config names: where each id stands, so that it can be looked up and replaced.
   * Of a kind that names no more than the agent that it runs, that one.
   */
  references(config: z.output<S>): readonly Reference[];
  /** Users and teams that its config names. */
  people(config: z.output<S>): readonly NamedPeople[];
  /** What one attempt may cost at most. */
  readonly cost: CostBound<z.output<S>>;
  /** The largest numbers that its config may hold, by name, beside the common ones; units stand last. */
  readonly limits: Readonly<Record<string, number>>;
  /** How long it may wait for something else than its own work, in seconds: 0 of most. */
  waits_seconds(config: z.output<S>): number;
  /** What a draft may still lack and a run cannot do without; each a sentence that says what to do. */
  lacks(config: z.output<S>): readonly string[];
}

const nothing: readonly never[] = [];
const oneOutput: readonly string[] = ["output"];

/** What no kind goes without saying. */
type Declared = "kind" | "summary" | "group" | "icon" | "config" | "example" | "pure" | "emits" | "cost" | "limits";

/** Defines a kind; whatever is not given has the usual value. */
export function defineKind<const K extends string, S extends z.ZodType>(
  kind: Pick<NodeKind<K, S>, Declared> & Partial<NodeKind<K, S>>,
): NodeKind<K, S> {
  return {
    receives: "one",
    branches: false,
    secret_fields: nothing,
    handles: () => oneOutput,
    needed_handles: nothing,
    accepts: () => ANY,
    uses: () => nothing,
    agent: () => undefined,
    workers: () => nothing,
    references: (config) => referenceToAgent(kind.agent?.(config) ?? {}),
    people: () => nothing,
    waits_seconds: () => 0,
    lacks: () => nothing,
    ...kind,
  };
}
