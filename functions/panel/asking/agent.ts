import { given } from "../../../shared/change/update.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Call } from "../../../shared/http/call.ts";
import { requireAlso } from "../../../shared/http/permit.ts";
import { fallbacksFor, modelFor, requireGuarded } from "../../agents/definition/public.ts";
import type { Definition } from "../../agents/model.ts";
import { loadSnapshot, type SnapshotContent, workingContent } from "../../agents/public.ts";
import type { TestedAgent } from "../../runs/trial/public.ts";
import type { PanelDeps } from "../deps.ts";
import type { operations } from "../operations.ts";

/** Where they stand in the body. */
const OVERRIDES = "overrides.";

type AgentCall = Call<(typeof operations)["testAgent"]>;

/**
 * What of the agent is tried: a version as it is, or, put together for this test, its working copy or a version with something
 * replaced.
 */
export async function testedAgent(call: AgentCall, deps: PanelDeps): Promise<TestedAgent> {
  const { version, overrides } = call.body;
  const whole = await call.load();
  if (overrides !== undefined) requireAlso(call, "agents:update", "Replacing something");
  const content = version === undefined ? await workingContent(deps, whole) : await versionOf(call, deps, version);
  if (overrides === undefined) return version === undefined ? { content } : { version };
  return { content: { ...content, definition: await replaced(call, deps, content.definition) } };
}

/**
 * The definition with what is replaced in it, whose models have to be there and to be guarded, as where it is saved.
 * @throws Problem `unknown_model`, `validation_failed` (422)
 */
async function replaced(
  { body, context, at }: AgentCall,
  { table }: PanelDeps,
  before: Definition,
): Promise<Definition> {
  const fields = given(body.overrides ?? {});
  const { model_id, fallback_model_ids } = fields;
  const own =
    model_id === undefined ? undefined : await modelFor(table, context.tenant, model_id, at, `${OVERRIDES}model_id`);
  const definition: Definition = {
    ...before,
    ...fields,
    model_id: own?.model.model.id ?? before.model_id,
    fallback_model_ids:
      fallback_model_ids === undefined
        ? before.fallback_model_ids
        : await fallbacksFor(table, context.tenant, fallback_model_ids, at, OVERRIDES),
  };
  requireGuarded(definition, OVERRIDES);
  return definition;
}

async function versionOf(
  { path, context }: AgentCall,
  { table, blobs }: PanelDeps,
  version: number,
): Promise<SnapshotContent> {
  try {
    const { definition, contexts, tools } = await loadSnapshot(table, blobs, context.tenant, path.agent_id, version);
    return { definition, contexts, tools };
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "not_found") throw error;
    const issues = [{ path: "version", message: "is no version of this agent" }];
    throw new Problem("reference_not_found", `The agent has no version ${version}.`, { issues });
  }
}
