import { defineDue } from "../../../shared/due/due.ts";
import { defineItem, type ItemOf } from "../../../shared/dynamo/item.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { defineResource } from "../../../shared/http/resource.ts";
import { treeItem } from "../tree/store.ts";
import { placeSchema, type Stream, type StreamPlace, streamSchema } from "./model.ts";

export const streamItem = defineItem({
  type: "audit_stream",
  summary: "A destination to which an organization's audit log is sent, with its sealed secrets.",
  schema: streamSchema,
  key: { pk: "AUDIT_STREAMS", sk: "{id}" },
});

/** Apart from the stream: what moves with each batch never meets a change by a person. */
export const placeItem = defineItem({
  type: "audit_stream_place",
  summary: "How far an audit stream is, what it has failed with, and which worker is at it.",
  schema: placeSchema,
  key: { pk: "AUDIT_STREAM#{stream_id}", sk: "PLACE" },
});
export type PlaceItem = ItemOf<typeof placeItem>;

/** The next look at an active stream: at its next try where it fails, else now and then, should a hint have been lost. */
export const streamDue = defineDue("audit_stream");

export interface StreamState {
  readonly stream: Stream;
  readonly place: StreamPlace;
  /** How many entries have a number. */
  readonly size: number;
}

/** A stream with how far it is and how far it could be. */
async function stateOf(tenant: TenantTable, id: string): Promise<StreamState | undefined> {
  const [stream, place, tree] = await tenant.table.batch([
    tenant.read(streamItem, { id }),
    tenant.read(placeItem, { stream_id: id }),
    tenant.read(treeItem, {}),
  ]);
  return stream === undefined || place === undefined ? undefined : { stream, place, size: tree?.size ?? 0 };
}

export const streamResource = defineResource({
  type: "audit_stream",
  path: ["audit_stream_id"],
  read: ({ table, path }) => stateOf(table, String(path.audit_stream_id)),
});

/** What a stream's secrets belong to: copied to another stream or organization they open nothing. */
export const secretContext = (tenant: string, stream_id: string, field: "credential" | "signing") =>
  ({ purpose: "audit_stream_secrets", tenant, field: `audit_streams.${stream_id}.${field}` }) as const;
