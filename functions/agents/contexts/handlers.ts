import { uploadKey } from "../../../shared/blobs/purposes.ts";
import { changedFields } from "../../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { invalid } from "../../../shared/http/parse.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { holding } from "../../../shared/limits/leases.ts";
import { refuseArchived, touchAgent } from "../definition/changes.ts";
import type { AgentDeps } from "../deps.ts";
import type { operations } from "../operations.ts";
import { agentContextItem, agentItem, type StoredContext } from "../store.ts";
import { changed, needType, placeForUpload, safeUrl, uploadEnded, uploadFor } from "./changes.ts";
import { lookedAfter } from "./overdue.ts";
import { storeText } from "./texts.ts";

type Ops = typeof operations;

export const listContexts: Handler<Ops["listContexts"], AgentDeps> = async (call, { table }) => {
  const { id: agent_id } = await call.load();
  return table.of(call.context.tenant).page(agentContextItem, { of: { agent_id }, ...call.query });
};

export const getContext: Handler<Ops["getContext"], AgentDeps> = async (call, deps) => {
  const found = await call.load();
  return { ...found, content: found.content === null ? null : await deps.blobs.load(found.content) };
};

export const createContext: Handler<Ops["createContext"], AgentDeps> = async (call, deps) => {
  const { path, body, context, at } = call;
  const tenant = deps.table.of(context.tenant);
  const id = newId("agent_context", at);
  const attempt = body.content_type === "text" ? null : newEtag(at);
  const made: StoredContext = {
    id,
    agent_id: path.agent_id,
    name: body.name,
    content_type: body.content_type,
    is_active: body.is_active,
    status: body.content_type === "text" ? "ready" : "pending",
    error: null,
    url: body.content_type === "url" ? safeUrl(deps, body.url) : null,
    file: body.content_type === "file" ? { ...body.file, sha256: body.file.sha256 ?? null } : null,
    content: body.content_type === "text" ? await storeText(deps, tenant, path.agent_id, body.content) : null,
    content_bytes: body.content_type === "text" ? Buffer.byteLength(body.content) : 0,
    truncated: false,
    fetched_at: null,
    attempt,
    created_at: timestamp(at),
    updated_at: timestamp(at),
    etag: newEtag(at),
  };
  const fetch = body.content_type === "url" && attempt !== null ? { fetch: attempt } : {};
  const commit = async (next: StoredContext) =>
    call.commit(
      {
        writes: [
          touchAgent(tenant, path.agent_id, at, { part: "contexts", by: 1 }),
          tenant.writes.create(agentContextItem, next),
          ...(next.content_type === "url" ? [lookedAfter(tenant, next, at)] : []),
        ],
        events: [changed(next, "created", fetch)],
      },
      { ...next, upload: await uploadFor(deps, context.tenant, next) },
    );
  if (body.content_type !== "file") return commit(made);
  const { lease, upload_until } = await placeForUpload(tenant, call.caller.organization.plan, at);
  return holding(lease, () => commit({ ...made, upload_until }));
};

export const updateContext: Handler<Ops["updateContext"], AgentDeps> = async (call, deps) => {
  const { path, body, context, at } = call;
  const tenant = deps.table.of(context.tenant);
  return updateWithRetry(call.if_match, async (how) => {
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    for (const field of ["content", "url"] as const) {
      const belongs = field === "content" ? "text" : "url";
      if (body[field] !== undefined && read.content_type !== belongs)
        throw invalid([
          { path: field, message: `is for a context of type ${belongs}; this is a ${read.content_type}` },
        ]);
    }
    const url = body.url === undefined ? read.url : safeUrl(deps, body.url);
    const moved = url !== read.url;
    const content = body.content;
    const next: StoredContext = {
      ...read,
      name: body.name ?? read.name,
      is_active: body.is_active ?? read.is_active,
      ...(content === undefined
        ? {}
        : {
            content: await storeText(deps, tenant, path.agent_id, content),
            content_bytes: Buffer.byteLength(content),
          }),
      ...(moved ? { url, status: "pending" as const, error: null, attempt: newEtag(at) } : {}),
      updated_at: timestamp(at),
      etag: newEtag(at),
    };
    const fields = changedFields(read, next, { omit: ["attempt", "content_bytes"] }).map(({ field }) => field);
    if (fields.length === 0) {
      refuseArchived(await tenant.get(agentItem, { id: path.agent_id }));
      return read;
    }
    const fetch = moved && next.attempt !== null ? { fetch: next.attempt } : {};
    return call.commit(
      {
        writes: [
          touchAgent(tenant, path.agent_id, at),
          tenant.writes.replace(agentContextItem, next, read.etag),
          ...(moved ? [lookedAfter(tenant, next, at)] : []),
        ],
        events: [changed(next, "updated", { fields, ...fetch })],
      },
      next,
    );
  });
};

export const removeContext: Handler<Ops["removeContext"], AgentDeps> = async (call, deps) => {
  const { path, context, at } = call;
  const tenant = deps.table.of(context.tenant);
  const { agent_id, context_id } = path;
  return updateWithRetry(call.if_match, async (how) => {
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    await call.commit(
      {
        writes: [
          touchAgent(tenant, agent_id, at, { part: "contexts", by: -1 }),
          tenant.writes.remove(
            agentContextItem,
            { agent_id, id: context_id },
            { equals: { etag: read.etag } },
            (old) =>
              old === undefined ? notFound() : new Problem("precondition_failed", "The context has just been changed."),
          ),
        ],
        events: [changed(read, "deleted")],
      },
      undefined,
    );
    // An upload that cannot be removed now goes by the lifecycle rule of its purpose.
    if (read.file !== null && read.attempt !== null)
      await deps.files.remove(uploadKey(context.tenant, read.id, read.attempt)).catch(() => undefined);
    await uploadEnded(tenant, read, at);
    return undefined;
  });
};

export const refreshContext: Handler<Ops["refreshContext"], AgentDeps> = async (call, deps) => {
  const { path, context, at } = call;
  const tenant = deps.table.of(context.tenant);
  return updateWithRetry(call.if_match, async (how) => {
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    needType(read, "url");
    const attempt = newEtag(at);
    const next: StoredContext = {
      ...read,
      status: "pending",
      error: null,
      attempt,
      updated_at: timestamp(at),
      etag: newEtag(at),
    };
    return call.commit(
      {
        writes: [
          touchAgent(tenant, path.agent_id, at),
          tenant.writes.replace(agentContextItem, next, read.etag),
          lookedAfter(tenant, next, at),
        ],
        events: [changed(next, "updated", { fields: ["status"], fetch: attempt })],
      },
      next,
    );
  });
};
