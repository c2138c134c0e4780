import * as z from "zod";
import { defineEvents } from "../../../shared/change/events.ts";
import { destinationKind, stoppedReason } from "./rules/kinds.ts";

const stream = z.object({
  stream_id: z.string(),
  name: z.string(),
  kind: destinationKind,
});

export const auditStreamEvents = defineEvents({
  "audit_stream.created": {
    summary: "The audit log is sent to one more destination from now on.",
    resource: "audit_stream",
    data: stream.extend({ from: z.int() }),
  },
  "audit_stream.updated": {
    summary: "An audit stream was changed.",
    resource: "audit_stream",
    data: stream.extend({ changed_fields: z.array(z.string()) }),
  },
  "audit_stream.deleted": { summary: "An audit stream was deleted.", resource: "audit_stream", data: stream },
  "audit_stream.secret_rotated": {
    summary: "An audit stream has a new signing secret; the one before signs along until it expires.",
    resource: "audit_stream",
    data: stream.extend({ old_secret_expires_at: z.string() }),
  },
  "audit_stream.tested": {
    summary: "A marked entry was sent to the destination of an audit stream.",
    resource: "audit_stream",
    data: stream.extend({ ok: z.boolean(), code: z.string().nullable() }),
  },
  "audit_stream.paused": {
    summary: "An audit stream was paused; it keeps its place.",
    resource: "audit_stream",
    data: stream.extend({ next_sequence: z.int() }),
  },
  "audit_stream.started": {
    summary: "An audit stream goes on, where it stood or from another number.",
    resource: "audit_stream",
    data: stream.extend({ from: z.int(), stood_at: z.int() }),
  },
  "audit_stream.stopped": {
    summary:
      "An audit stream was stopped: its destination kept refusing or failing, or said that it is gone. It keeps its place.",
    resource: "audit_stream",
    data: stream.extend({ reason: stoppedReason, next_sequence: z.int(), error_code: z.string() }),
  },
});
