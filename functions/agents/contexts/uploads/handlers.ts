import { uploadKey } from "../../../../shared/blobs/purposes.ts";
import { draft } from "../../../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../../../shared/change/update.ts";
import { timestamp } from "../../../../shared/clock.ts";
import { Problem } from "../../../../shared/errors.ts";
import type { Handler } from "../../../../shared/http/call.ts";
import { invalid } from "../../../../shared/http/parse.ts";
import { newEtag } from "../../../../shared/ids.ts";
import { holding } from "../../../../shared/limits/leases.ts";
import { bareMediaType } from "../../../../shared/outbound/text.ts";
import { touchAgent } from "../../definition/changes.ts";
import type { AgentDeps } from "../../deps.ts";
import { agentEvents } from "../../events.ts";
import { agentLimits, contextStates } from "../../model.ts";
import type { operations } from "../../operations.ts";
import { agentContextItem, type StoredContext } from "../../store.ts";
import { changed, needType, placeForUpload, uploadEnded, uploadFor } from "../changes.ts";
import { formatOf } from "../extraction/rules/formats.ts";
import { lookedAfter } from "../overdue.ts";
import { extractText } from "../rules/text.ts";
import { storeText } from "../texts.ts";

type Ops = typeof operations;

export const uploadContext: Handler<Ops["uploadContext"], AgentDeps> = async (call, deps) => {
  const { path, body, context, at } = call;
  const tenant = deps.table.of(context.tenant);
  return updateWithRetry(call.if_match, async (how) => {
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    needType(read, "file");
    const { lease, upload_until } = await placeForUpload(tenant, call.caller.organization.plan, at);
    const next: StoredContext = {
      ...read,
      upload_until,
      file: { ...body, sha256: body.sha256 ?? null },
      status: "pending",
      error: null,
      attempt: newEtag(at),
      updated_at: timestamp(at),
      etag: newEtag(at),
    };
    const answer = await holding(lease, async () =>
      call.commit(
        {
          writes: [touchAgent(tenant, path.agent_id, at), tenant.writes.replace(agentContextItem, next, read.etag)],
          events: [changed(next, "updated", { fields: ["file"] })],
        },
        { ...next, upload: await uploadFor(deps, context.tenant, next) },
      ),
    );
    // What was asked for before is not waited for any more.
    await uploadEnded(tenant, read, at);
    return answer;
  });
};

const incomplete = (message: string) => new Problem("upload_incomplete", message);

export const completeContext: Handler<Ops["completeContext"], AgentDeps> = async (call, deps) => {
  const { path, context, at } = call;
  const tenant = deps.table.of(context.tenant);
  const read = await call.load();
  requireMatch(call.if_match, read.etag);
  needType(read, "file");
  if (read.status !== "pending" || read.file === null || read.attempt === null)
    throw contextStates.refusal(read.status, "pending");
  const key = uploadKey(context.tenant, read.id, read.attempt);
  const { media_type, size_bytes, sha256 } = read.file;
  const found = await deps.files.inspect(key, agentLimits.text_context_bytes + 4);
  if (found === undefined) throw incomplete("The file has not been uploaded.");
  if (found.bytes !== size_bytes) throw incomplete(`The file has ${found.bytes} bytes; ${size_bytes} were declared.`);
  if (bareMediaType(found.content_type ?? "") !== bareMediaType(media_type))
    throw incomplete(`The file was uploaded as \`${found.content_type ?? ""}\`; \`${media_type}\` was declared.`);
  if (sha256 !== null && found.sha256 !== sha256) throw incomplete("The file's SHA-256 is not the declared one.");
  if (formatOf(media_type) !== undefined) {
    const next: StoredContext = {
      ...read,
      file: { ...read.file, sha256: found.sha256 },
      status: "processing",
      upload_until: undefined,
      updated_at: timestamp(at),
      etag: newEtag(at),
    };
    const { id: context_id, agent_id, attempt } = read;
    const answer = await call.commit(
      {
        writes: [
          touchAgent(tenant, agent_id, at),
          tenant.writes.replace(agentContextItem, next, read.etag),
          lookedAfter(tenant, next, at),
        ],
        events: [
          draft(
            agentEvents,
            "agent.context_uploaded",
            { id: agent_id },
            { agent_id, context_id, media_type, upload: attempt },
          ),
        ],
      },
      next,
    );
    await uploadEnded(tenant, read, at);
    return answer;
  }
  const extracted = extractText(
    found.beginning,
    media_type,
    agentLimits.text_context_bytes,
    found.bytes > found.beginning.byteLength,
  );
  if (extracted === undefined)
    throw invalid([{ path: "file", message: "is not text in the charset of its media type" }]);
  const next: StoredContext = {
    ...read,
    file: { ...read.file, sha256: found.sha256 },
    status: "ready",
    attempt: null,
    upload_until: undefined,
    content: await storeText(deps, tenant, path.agent_id, extracted.text),
    content_bytes: Buffer.byteLength(extracted.text),
    truncated: extracted.truncated,
    updated_at: timestamp(at),
    etag: newEtag(at),
  };
  const answer = await call.commit(
    {
      writes: [touchAgent(tenant, path.agent_id, at), tenant.writes.replace(agentContextItem, next, read.etag)],
      events: [changed(next, "uploaded", { fields: ["content"] })],
    },
    next,
  );
  // The text is kept by its content; the file itself is not needed any more. What stays behind harms nobody.
  await deps.files.remove(key).catch(() => undefined);
  await uploadEnded(tenant, read, at);
  return answer;
};
