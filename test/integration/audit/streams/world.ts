import { Buffer } from "node:buffer";
import { sequence } from "../../../../functions/audit/sequencing/batch.ts";
import { type DeliverDeps, deliver, type StreamHint } from "../../../../functions/audit/streams/deliver.ts";
import type { Stream, StreamPlace } from "../../../../functions/audit/streams/model.ts";
import type { BusResult } from "../../../../functions/audit/streams/rules/bus.ts";
import { placeItem, streamDue, streamItem } from "../../../../functions/audit/streams/store.ts";
import { timestamp } from "../../../../shared/clock.ts";
import type { Due } from "../../../../shared/due/item.ts";
import { dueWorker } from "../../../../shared/due/work.ts";
import { Table } from "../../../../shared/dynamo/table.ts";
import { organizationItem } from "../../../../shared/identity/items.ts";
import { newId } from "../../../../shared/ids.ts";
import type { OutboundRequest, OutboundResult } from "../../../../shared/outbound/index.ts";
import { batchOf, writeEntry } from "../../../support/audit-entries.ts";
import { memoryKey } from "../../../support/audit-tree.ts";
import { dueOf } from "../../../support/due.ts";
import { organizationNamed } from "../../../support/organization.ts";

const { key } = memoryKey();

export const answer = (status: number, body = "", headers: Record<string, string> = {}): OutboundResult => ({
  ok: true,
  status,
  headers,
  body: Buffer.from(body),
  truncated: false,
});

/** The numbers in a request, whatever kind of collector it is for. */
export const numbersIn = ({ body }: OutboundRequest): number[] =>
  String(body)
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
    .map((one) => (one.event ?? one).sequence);

/** An organization with its log and its streams, in a table of the test's own. */
export class World {
  now = new Date();
  readonly tenant = newId("organization", new Date());
  readonly table: Table;
  readonly requests: OutboundRequest[] = [];
  readonly hints: StreamHint[] = [];
  readonly logged: unknown[] = [];
  /** What the collector answers. */
  collector: (request: OutboundRequest) => Promise<OutboundResult> = async () => answer(200);
  /** What the bus says of each entry, by its number. */
  bus: (numbers: readonly number[]) => readonly BusResult[] = (numbers) => numbers.map(() => ({}));
  readonly calls: number[][] = [];
  more: () => boolean = () => true;

  constructor(base: Table) {
    this.table = new Table(base.name, base.client, { now: () => this.now });
  }

  get own() {
    return this.table.of(this.tenant);
  }

  async begin(status: "active" | "suspended" = "active"): Promise<void> {
    const organization = organizationNamed(this.tenant, { created_at: timestamp(this.now), status });
    await this.own.transact([this.own.writes.put(organizationItem, organization)]);
  }

  /** Writes entries and numbers them. */
  async log(count: number) {
    const all = [];
    for (let i = 0; i < count; i++) all.push(await writeEntry(this.table, this.tenant, i, this.now));
    const { table } = this;
    await sequence(batchOf(all), { table, clock: { now: () => this.now }, key, dead: { send: async () => {} } });
    return all.map(({ entry }) => entry);
  }

  /** A stream that begins with the log. */
  async stream(more: Partial<Stream> = {}): Promise<string> {
    const id = newId("audit_stream", this.now);
    const now = timestamp(this.now);
    const stream: Stream = {
      id,
      organization_id: this.tenant,
      name: "SIEM",
      description: "",
      destination: { kind: "https", url: "https://collector.example.com/", body: "json_lines", header_name: null },
      format: "native",
      status: "active",
      stopped_reason: null,
      stopped_at: null,
      credential: null,
      signing: [],
      created_by: "usr_1",
      created_at: now,
      updated_at: now,
      etag: "e",
      epoch: "e",
      ...more,
    };
    const place = { stream_id: id, epoch: "e", next: 0, delivered: 0, expired: 0, missing: 0, consecutive_failures: 0 };
    const { writes } = this.own;
    await this.own.transact([
      writes.create(streamItem, stream),
      writes.create(placeItem, place),
      streamDue.set(this.own, id, this.now),
    ]);
    return id;
  }

  deps(table = this.table): DeliverDeps {
    return {
      table,
      clock: { now: () => this.now },
      secrets: { encrypt: async (text) => text, decrypt: async (sealed) => sealed },
      outbound: {
        request: (request) => {
          this.requests.push(request);
          return this.collector(request);
        },
      },
      buses: {
        put: async (_, entries) => {
          const numbers = entries.map(({ Detail }) => JSON.parse(Detail ?? "").sequence);
          this.calls.push(numbers);
          return this.bus(numbers);
        },
      },
      log: {
        info: (event, fields) => void this.logged.push([event, fields]),
        error: (event, error, fields) => void this.logged.push([event, String(error), fields]),
      },
      hints: { send: async (messages) => void this.hints.push(...messages) },
      random: () => 0.5,
      budget: () => () => this.more(),
    };
  }

  work(stream_id: string, table = this.table): Promise<Date | undefined> {
    return deliver({ tenant: this.tenant, stream_id }, this.deps(table));
  }

  /** What is due of a stream is done, as the sweeper has it done. */
  async comesDue(stream_id: string): Promise<void> {
    const work = dueWorker(this.table, {
      [streamDue.kind]: ({ ref }: Due) => this.work(ref),
    });
    const due = await this.due(stream_id);
    if (due === undefined) throw new Error("nothing is due");
    await work({ tenant: due.tenant, kind: due.kind, ref: due.ref, at: due.at });
  }

  async due(stream_id: string) {
    return (await dueOf(this.tenant, this.table)).find(({ kind, ref }) => kind === streamDue.kind && ref === stream_id);
  }

  async place(stream_id: string): Promise<StreamPlace> {
    const place = await this.own.get(placeItem, { stream_id });
    if (place === undefined) throw new Error("the stream has no place");
    return place;
  }

  /** The numbers that arrived, request by request. */
  get arrived(): number[][] {
    return this.requests.map(numbersIn);
  }
}
