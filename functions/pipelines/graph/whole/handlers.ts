import { uploadKey } from "../../../../shared/blobs/purposes.ts";
import { trusted } from "../../../../shared/bounded/trusted.ts";
import { addSeconds, timestamp } from "../../../../shared/clock.ts";
import type { ItemOf } from "../../../../shared/dynamo/item.ts";
import { badReference, Problem } from "../../../../shared/errors.ts";
import type { Call, Handler } from "../../../../shared/http/call.ts";
import { parseJsonText, parseValue } from "../../../../shared/http/parse.ts";
import { newId } from "../../../../shared/ids.ts";
import { giveLease, holding, takeLease } from "../../../../shared/limits/leases.ts";
import { answerOf } from "../../activation/handlers.ts";
import type { PipelineDeps } from "../../deps.ts";
import { refuseArchived, UPLOAD_SECONDS } from "../../model.ts";
import type { operations } from "../../operations.ts";
import { reviseGraph } from "../../revisions/revise.ts";
import { graphUploadItem } from "../../store.ts";
import { type Graph, graphSchema } from "../rules/nodes.ts";
import { requireGraphContents } from "../run.ts";

type Ops = typeof operations;

export const replaceGraph: Handler<Ops["replaceGraph"], PipelineDeps> = async (call, deps) => {
  const { body } = call;
  const upload = body.upload_id === undefined ? undefined : await uploaded(call, deps, body.upload_id);
  const graph =
    upload === undefined
      ? { nodes: body.nodes ?? [], connections: body.connections ?? [] }
      : await contentOf(upload, deps);
  await requireGraphContents(graph);
  const answer = await reviseGraph<Ops["replaceGraph"]>(
    call,
    deps,
    () => graph,
    ({ pipeline, validation }) => ({ ...pipeline, validation: answerOf(validation) }),
    { body: "graph", expected_revision: body.expected_revision },
  );
  if (upload !== undefined) await takenOver(call.context.tenant, upload, call.at, deps);
  return answer;
};

type Upload = ItemOf<typeof graphUploadItem>;

async function uploaded(call: Call<Ops["replaceGraph"]>, { table }: PipelineDeps, id: string): Promise<Upload> {
  const { pipeline } = await call.load();
  const upload = await table.of(call.context.tenant).get(graphUploadItem, { pipeline_id: pipeline.id, id });
  if (upload === undefined)
    throw badReference("upload_id", "is no upload of this pipeline, or it was used or has expired");
  return upload;
}

/** The revision has the graph: the file and its record are not needed any more. What stays behind ends within a day. */
async function takenOver(tenant: string, upload: Upload, at: Date, deps: PipelineDeps): Promise<void> {
  const { pipeline_id, id, object_key, expires_at } = upload;
  const own = deps.table.of(tenant);
  const removals = [
    deps.files.remove(object_key),
    own.transact([own.writes.remove(graphUploadItem, { pipeline_id, id }, {})]),
    giveLease(own, "uploads", new Date(expires_at), at),
  ];
  await Promise.allSettled(removals);
}

/** The graph of an upload. @throws Problem `upload_incomplete` */
async function contentOf(upload: Upload, { files }: PipelineDeps): Promise<Graph> {
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
  refuseArchived(pipeline);
  const id = newId("upload", at);
  const upload = {
    id,
    pipeline_id: pipeline.id,
    object_key: uploadKey(context.tenant, pipeline.id, id),
    bytes: body.bytes,
    created_by: context.actor.id,
    created_at: timestamp(at),
    expires_at: timestamp(addSeconds(at, UPLOAD_SECONDS)),
  };
  const target = await deps.files.uploadTarget(
    { key: upload.object_key, content_type: "application/json", bytes: body.bytes },
    UPLOAD_SECONDS,
  );
  const lease = await takeLease(table, call.caller.organization.plan, "uploads", UPLOAD_SECONDS, () => at);
  return holding(lease, () =>
    call.answer([table.writes.create(graphUploadItem, upload)], {
      ...target,
      headers: { ...target.headers },
      id,
      pipeline_id: pipeline.id,
      expires_at: upload.expires_at,
    }),
  );
};
