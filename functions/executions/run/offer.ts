import { trusted } from "../../../shared/bounded/trusted.ts";
import type { Clock } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Sealer } from "../../../shared/http/platform.ts";
import type { Outbound } from "../../../shared/outbound/client.ts";
import type { AgentSnapshot, ToolSnapshot } from "../../agents/public.ts";
import type { CompileExpression } from "../../agents/tools/public.ts";
import {
  changedTools,
  namedPins,
  secretHeaderContext,
  storedToolConfig,
  type Tool,
} from "../../agents/tools/public.ts";
import type { ToolSpecification } from "../../models/public.ts";
import { toolFailure } from "../tools/rules/outcome.ts";
import { createToolRunner, type ToolRunner } from "../tools/runner.ts";

export type ActiveTool = Tool;

/** A tool that could not be offered to the model, and why. */
export interface UnavailableTool {
  readonly tool_id: string;
  readonly name: string;
  readonly code: string;
  /** Why, for people. */
  readonly message: string;
}

/** The tools of one run, with their secrets opened only when they are used. */
export const openTools = (
  { organization_id: tenant, agent_id, version }: Pick<AgentSnapshot, "organization_id" | "agent_id" | "version">,
  deps: {
    readonly table: Table;
    readonly clock: Clock;
    readonly secrets: Sealer;
    readonly outbound: Pick<Outbound, "request" | "fetch">;
    readonly compile_expression: CompileExpression;
    readonly idempotency_key?: string;
  },
): ToolRunner =>
  createToolRunner({
    idempotency_key: deps.idempotency_key,
    outbound: deps.outbound,
    compile_expression: deps.compile_expression,
    changed_tools: ({ id, config }, listed) =>
      changedTools(
        deps.table.of(tenant),
        { agent_id, tool_id: id, version, server: config.server },
        listed,
        namedPins(config),
        deps.clock.now(),
      ),
    open_secret: (secret, tool, header) => deps.secrets.decrypt(secret, secretHeaderContext(tenant, tool.id, header)),
  });

export interface Offered {
  readonly specifications: readonly ToolSpecification[];
  readonly byName: ReadonlyMap<string, Tool>;
  readonly unavailable: readonly UnavailableTool[];
}

/** What the model is told of the enabled tools. A server that cannot be reached takes only its own tools away. */
export async function offerTools(
  runner: ToolRunner,
  snapshots: readonly ToolSnapshot[],
  signal: AbortSignal | undefined,
): Promise<Offered> {
  const specifications: ToolSpecification[] = [];
  const byName = new Map<string, Tool>();
  const unavailable: UnavailableTool[] = [];
  const described = await Promise.all(
    snapshots
      .filter(({ is_enabled }) => is_enabled)
      .map(async ({ id, name, description, tool_type, config }) => {
        const stored = trusted(() => storedToolConfig.safeParse({ tool_type, config }));
        if (!stored.success) return { ...toolFailure("tool_not_allowed"), id, name };
        const tool: Tool = { ...stored.data, id, name, description };
        const answer = await runner.describe(tool, signal);
        return answer.ok ? { ...answer, tool } : { ...answer, id, name };
      }),
  );
  for (const one of described) {
    if (!one.ok) unavailable.push({ tool_id: one.id, name: one.name, code: one.code, message: one.message });
    else {
      const without = (name: string, { code, message }: { code: string; message: string }) =>
        unavailable.push({ tool_id: one.tool.id, name, code, message });
      for (const left of one.left_out) without(`${one.tool.name}: ${left.name}`, left);
      for (const specification of one.tools) {
        if (byName.has(specification.name)) {
          without(specification.name, toolFailure("tool_name_taken"));
          continue;
        }
        byName.set(specification.name, one.tool);
        specifications.push(specification);
      }
    }
  }
  return { specifications, byName, unavailable };
}
