import { createHash } from "node:crypto";
import { draft } from "../../../shared/change/events.ts";
import { badReference, Problem } from "../../../shared/errors.ts";
import { canonicalJson } from "../../../shared/expressions/json.ts";
import type { Call, Handler } from "../../../shared/http/call.ts";
import type { FileAnswer } from "../../../shared/http/operation.ts";
import type { Asking } from "../../../shared/http/permit.ts";
import { limits } from "../../../shared/http/schemas.ts";
import type { ExchangeDeps } from "../deps.ts";
import { exchangeEvents } from "../events.ts";
import type { Format } from "../model.ts";
import type { operations } from "../operations.ts";
import { requireAll } from "../rights/require.ts";
import { writeYaml } from "../yaml/run.ts";
import { gathered } from "./gather.ts";

type Ops = typeof operations;
type Exported = FileAnswer<"application/json" | "application/yaml; charset=utf-8">;
type ExportCall = Asking<"agents:read" | "agents:read_prompts" | "pipelines:read"> &
  Pick<Call<Ops["exportMany"]>, "context" | "commit">;

/** Reads and answers. That it has left stands in the trail before its first byte does, with what is in it and its digest. */
async function exported(
  call: ExportCall,
  deps: ExchangeDeps,
  wanted: { readonly agents: readonly string[]; readonly pipelines: readonly string[] },
  how: { readonly format: Format; readonly include_references: boolean; readonly filename: string },
): Promise<Exported> {
  const { missing, ids, ...document } = await gathered(
    deps,
    deps.table.of(call.context.tenant),
    wanted,
    how.include_references,
  );
  if (missing.length > 0) throw badReference("agent_ids", `names ${missing.join(", ")}, which there is not`);
  requireAll(call, [
    ...(document.agents.length > 0 ? (["agents:read", "agents:read_prompts"] as const) : []),
    ...(document.pipelines.length > 0 ? (["pipelines:read", "agents:read_prompts"] as const) : []),
  ]);
  // One order of everything, whatever was changed when.
  const sorted: unknown = JSON.parse(canonicalJson(document));
  const content = how.format === "yaml" ? await writeYaml(sorted) : `${JSON.stringify(sorted, null, 2)}\n`;
  const bytes = Buffer.byteLength(content);
  if (bytes > limits.request_bytes)
    throw new Problem(
      "payload_too_large",
      `The document has ${bytes} bytes; an import takes ${limits.request_bytes}. Export fewer things at once, or without references.`,
    );
  const digest = createHash("sha256").update(content).digest("hex");
  const data = { digest, format: how.format, agent_ids: [...ids.agents], pipeline_ids: [...ids.pipelines] };
  const changes = Object.entries(ids).flatMap(([field, all]) =>
    all.length === 0 ? [] : [{ field, old: null, new: all }],
  );
  return call.commit(
    { writes: [], events: [draft(exchangeEvents, "document.exported", { id: digest }, data, { changes })] },
    {
      content_type: how.format === "yaml" ? "application/yaml; charset=utf-8" : "application/json",
      filename: `${how.filename}.${how.format}`,
      content,
    },
  );
}

export const exportAgent: Handler<Ops["exportAgent"], ExchangeDeps> = async (call, deps) => {
  const { agent } = await call.load();
  const { format } = call.query;
  return exported(
    call,
    deps,
    { agents: [agent.id], pipelines: [] },
    { format, include_references: true, filename: agent.id },
  );
};

export const exportPipeline: Handler<Ops["exportPipeline"], ExchangeDeps> = async (call, deps) => {
  const { id } = await call.load();
  const { format, include_references } = call.query;
  const how = { format, include_references: include_references === "true", filename: id };
  return exported(call, deps, { agents: [], pipelines: [id] }, how);
};

export const exportMany: Handler<Ops["exportMany"], ExchangeDeps> = async (call, deps) => {
  const { agent_ids, pipeline_ids, format, include_references } = call.body;
  const wanted = { agents: agent_ids, pipelines: pipeline_ids };
  return exported(call, deps, wanted, { format, include_references, filename: "kaizen" });
};
