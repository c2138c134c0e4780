import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { pageOf, pageQuery } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";
import { changedStream, newStream, startSchema, streamView, streamWithSecret, trialView } from "./model.ts";
import { streamResource } from "./store.ts";

const path = z.object({ audit_stream_id: idSchema("audit_stream") });
const served = { served_by: "streams" } as const;

export const auditStreamOperations = {
  listStreams: operation({
    id: "audit_streams.list",
    method: "GET",
    path: "/audit/streams",
    summary: "List audit streams, with how far each is",
    permission: "audit:read",
    besides: ["audit:stream"],
    resource: { type: "audit_stream", list: true },
    request: { query: z.strictObject(pageQuery) },
    response: pageOf(streamView),
    success: 200,
    errors: [],
    ...served,
  }),
  createStream: operation({
    id: "audit_streams.create",
    method: "POST",
    path: "/audit/streams",
    summary: "Send the audit log to a destination as it grows",
    description:
      "Each entry is sent at least once, in the order of the numbers (`sequence`), some seconds after it was made: what comes twice has the same number, and a number that is left out was of an entry whose time was over. Try the destination with `POST /audit/streams/{audit_stream_id}/test`. The answer holds the signing secret of an `https` collector, which is never shown again.",
    permission: "audit:stream",
    resource: { type: "audit_stream", create: true },
    request: { body: newStream },
    response: streamWithSecret,
    success: 201,
    errors: ["quota_exceeded", "unsafe_url"],
    sensitive: true,
    ...served,
  }),
  getStream: operation({
    id: "audit_streams.get",
    method: "GET",
    path: "/audit/streams/{audit_stream_id}",
    summary: "Read an audit stream: how far it is, and what it failed with",
    permission: "audit:read",
    besides: ["audit:stream"],
    resource: streamResource,
    request: { path },
    response: streamView,
    success: 200,
    errors: [],
    ...served,
  }),
  updateStream: operation({
    id: "audit_streams.update",
    method: "PATCH",
    path: "/audit/streams/{audit_stream_id}",
    summary: "Change an audit stream",
    description:
      "A stream that fails is tried at once with a new destination; one that has stopped is started by `POST /audit/streams/{audit_stream_id}/start`. Its place stays.",
    permission: "audit:stream",
    resource: streamResource,
    request: { path, body: changedStream },
    response: streamView,
    success: 200,
    errors: ["unsafe_url", "precondition_failed", "conflict"],
    ...served,
  }),
  removeStream: operation({
    id: "audit_streams.delete",
    method: "DELETE",
    path: "/audit/streams/{audit_stream_id}",
    summary: "Delete an audit stream",
    description: "Its place is forgotten. What is under way may still arrive.",
    permission: "audit:stream",
    resource: streamResource,
    request: { path },
    response: "none",
    success: 204,
    errors: ["precondition_failed", "conflict"],
    ...served,
  }),
  testStream: operation({
    id: "audit_streams.test",
    method: "POST",
    path: "/audit/streams/{audit_stream_id}/test",
    summary: "Send one marked entry and say what came of it",
    description:
      "Of the action `audit_stream.test`, with `test` and without a number. Also while the stream is paused or stopped; its place and its failures stay as they are.",
    permission: "audit:stream",
    resource: streamResource,
    request: { path },
    response: trialView,
    success: 200,
    errors: [],
    outside_effect: true,
    ...served,
  }),
  startStream: operation({
    id: "audit_streams.start",
    method: "POST",
    path: "/audit/streams/{audit_stream_id}/start",
    summary: "Let an audit stream go on",
    description:
      "One that was paused or has stopped; with `from` also an active one, to send something again or to leave it out.",
    permission: "audit:stream",
    resource: streamResource,
    request: {
      path,
      body: z.strictObject({ from: startSchema.optional().meta({ description: "Without it, from where it stands." }) }),
    },
    response: streamView,
    success: 200,
    errors: ["precondition_failed", "conflict"],
    ...served,
  }),
  pauseStream: operation({
    id: "audit_streams.pause",
    method: "POST",
    path: "/audit/streams/{audit_stream_id}/pause",
    summary: "Pause an audit stream",
    description: "It keeps its place: what happens meanwhile is sent once it is started, as long as the log has it.",
    permission: "audit:stream",
    resource: streamResource,
    request: { path },
    response: streamView,
    success: 200,
    errors: ["precondition_failed", "conflict"],
    ...served,
  }),
  rotateStreamSecret: operation({
    id: "audit_streams.rotate_secret",
    method: "POST",
    path: "/audit/streams/{audit_stream_id}/rotate-secret",
    summary: "Make a new signing secret of an https collector",
    description: "Until the overlap ends both secrets sign, so that a collector that knows either can verify.",
    permission: "audit:stream",
    resource: streamResource,
    request: {
      path,
      body: z.strictObject({
        overlap_seconds: z
          .int()
          .min(0)
          .max(7 * 86_400)
          .default(86_400)
          .meta({ description: "How long the present secret signs along; 0 ends it now." }),
      }),
    },
    response: streamWithSecret,
    success: 200,
    errors: ["precondition_failed", "conflict"],
    sensitive: true,
    ...served,
  }),
} as const;
