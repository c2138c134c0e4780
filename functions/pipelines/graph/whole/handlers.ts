import { trusted } from "../../../../shared/bounded/trusted.ts";
import { addSeconds, timestamp } from "../../../../shared/clock.ts";
import { badReference, Problem } from "../../../../shared/errors.ts";
import type { Call, Handler } from "../../../../shared/http/call.ts";
import { parseJsonText, parseValue } from "../../../../shared/http/parse.ts";
import { newId } from "../../../../shared/ids.ts";
import { answerOf } from "../../activation/handlers.ts";
import type { PipelineDeps } from "../../deps.ts";
import { pipelineStates, UPLOAD_SECONDS, USABLE_PIPELINE } from "../../model.ts";
import type { operations } from "../../operations.ts";
import { reviseGraph } from "../../revisions/revise.ts";
import { graphUploadItem } from "../../store.ts";
import { type Graph, graphSchema } from "../rules/nodes.ts";
import { requireGraphContents } from "../run.ts";

type Ops = typeof operations;

export const replaceGraph: Handler<Ops["replaceGraph"], PipelineDeps> = async (call, deps) => {
  const graph = await sent(call, deps);
  await requireGraphContents(graph);
  return reviseGraph<Ops["replaceGraph"]>(
    call,
    deps,
    () => graph,
    ({ pipeline, validation }) => ({ ...pipeline, validation: answerOf(validation) }),
    call.body.expected_revision,
  );
};

/** The graph of a request: in its body, or uploaded before. */
async function sent(call: Call<Ops["replaceGraph"]>, { table, files }: PipelineDeps): Promise<Graph> {
  const { context, body, at } = call;
  if (body.upload_id === undefined) return { nodes: body.nodes ?? [], connections: body.connections ?? [] };
  const { pipeline } = await call.load();
  const upload = await table.of(context.tenant).get(graphUploadItem, { pipeline_id: pipeline.id, id: body.upload_id });
  if (upload === undefined || Date.parse(upload.expires_at) <= at.getTime())
    throw badReference("upload_id", "is no upload of this pipeline, or it has expired");
  const object = await files.head(upload.object_key);
  if (object === undefined)
    throw new Problem("upload_incomplete", "The graph has not been uploaded. PUT it to the upload's address first.");
  if (object.bytes !== upload.bytes) {
    throw new Problem(
      "upload_incomplete",
      `The uploaded file has ${object.bytes} bytes, not the ${upload.bytes} that were declared. Upload it again.`,
    );
  }
  const text = (await files.text(upload.object_key)) ?? "";
  return trusted(() => parseValue(graphSchema, parseJsonText(text)));
}

export const createGraphUpload: Handler<Ops["createGraphUpload"], PipelineDeps> = async (call, deps) => {
  const { at, body, context } = call;
  const table = deps.table.of(context.tenant);
  const pipeline = await call.load();
  if (pipeline.status === "archived") throw pipelineStates.refusal("archived", USABLE_PIPELINE);
  const id = newId("upload", at);
  const upload = {
    id,
    pipeline_id: pipeline.id,
    object_key: `T/${context.tenant}/uploads/${id}`,
    bytes: body.bytes,
    created_by: context.actor.id,
    created_at: timestamp(at),
    expires_at: timestamp(addSeconds(at, UPLOAD_SECONDS)),
  };
  const target = await deps.files.uploadTarget(
    { key: upload.object_key, content_type: "application/json", bytes: body.bytes },
    UPLOAD_SECONDS,
  );
  return call.answer([table.writes.create(graphUploadItem, upload)], {
    ...target,
    headers: { ...target.headers },
    id,
    pipeline_id: pipeline.id,
    expires_at: upload.expires_at,
  });
};
