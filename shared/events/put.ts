import {
  type EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
  type PutEventsResultEntry,
} from "@aws-sdk/client-eventbridge";
import type { DynamoDBRecord, DynamoDBStreamEvent } from "aws-lambda";
import type { Queue } from "./queue.ts";

/** An event that can never leave: why, and where its item lies. It stays in the table as long as any event. */
export interface DeadEvent {
  readonly reason: "unreadable" | "unknown_type" | "too_large" | "refused";
  readonly detail: string;
  readonly pk: string;
  readonly sk: string;
}

/** What leaves for a new item, before it is known whether the bus takes it. */
export interface Told {
  readonly source: string;
  readonly type: string;
  /** JSON. */
  readonly detail: string;
  readonly occurred_at: string;
}

/** Why nothing can leave for it. */
export type Unfit = Pick<DeadEvent, "reason" | "detail">;

/** A new item as the stream shows it. */
export type Image = NonNullable<NonNullable<DynamoDBRecord["dynamodb"]>["NewImage"]>;

export interface RelayDeps {
  readonly bus: Pick<EventBridgeClient, "send">;
  readonly bus_name: string;
  readonly dead: Queue<DeadEvent>;
  /** What leaves for a new item; undefined where nothing is to. */
  readonly leaves: (image: Image) => Told | Unfit | undefined;
  /** Waits before events that the bus did not take are put again, for the n-th time. */
  readonly pause: (attempt: number) => Promise<void>;
}

export interface Relayed {
  readonly sent: number;
  readonly dead: readonly DeadEvent[];
}

interface Leaving {
  readonly entry: PutEventsRequestEntry;
  readonly bytes: number;
  readonly pk: string;
  readonly sk: string;
}

/** What EventBridge takes in one call: so many entries, and so many bytes (256 KB) with all that counts to them. */
const MOST_ENTRIES = 10;
const MOST_BYTES = 256 * 1024;
/** Bytes of an entry for its time; its source, its type and its detail count beside. */
const TIME_BYTES = 14;

/** Tries in all of what the bus does not take at the moment, before the whole batch comes again. */
const TRIES = 4;

/** What the bus says of an entry that it will never take. Anything else passes, or is a fault of the deployment. */
const REFUSED_FOR_EVER: ReadonlySet<string> = new Set(["InvalidArgument", "MalformedDetail"]);

/**
 * Puts the events of a batch on the bus, in order. An event that can never leave is put aside alone, where an alarm
 * rings, and counts as done: it would hold up all that follow it for as long as the stream keeps it. Throws for the whole
 * batch when the bus does not take the others: the batch comes again, consumers know events by id, so a repeated one
 * changes nothing and none is lost.
 */
export async function putEvents(batch: DynamoDBStreamEvent, deps: RelayDeps): Promise<Relayed> {
  const read = batch.Records.map((record) => leaving(record, deps)).filter((one) => one !== undefined);
  const dead = read.filter((one): one is DeadEvent => "reason" in one);
  let sent = 0;
  for (const portion of portions(read.filter((one): one is Leaving => "entry" in one))) {
    const refused = await put(portion, deps);
    dead.push(...refused);
    sent += portion.length - refused.length;
  }
  await deps.dead.send(dead);
  return { sent, dead };
}

/** Undefined for a record for which nothing leaves. */
function leaving(record: DynamoDBRecord, deps: RelayDeps): Leaving | DeadEvent | undefined {
  const image = record.dynamodb?.NewImage;
  if (record.eventName !== "INSERT" || image === undefined) return undefined;
  const told = deps.leaves(image);
  if (told === undefined) return undefined;
  const place = { pk: image.pk?.S ?? "", sk: image.sk?.S ?? "" };
  if ("reason" in told) return { ...place, ...told };
  const { source: Source, type: DetailType, detail: Detail, occurred_at } = told;
  const bytes = [Source, DetailType, Detail].reduce((sum, text) => sum + Buffer.byteLength(text), TIME_BYTES);
  if (bytes > MOST_BYTES) return { ...place, reason: "too_large", detail: `${bytes} bytes` };
  const Time = new Date(occurred_at);
  return { ...place, bytes, entry: { EventBusName: deps.bus_name, Source, DetailType, Detail, Time } };
}

/**
 * Puts a portion until every event of it is taken, or refused for ever.
 * @returns those that are refused
 * @throws when the bus does not take the others after several tries
 */
async function put(portion: readonly Leaving[], deps: RelayDeps): Promise<DeadEvent[]> {
  const dead: DeadEvent[] = [];
  let open = portion;
  for (let attempt = 1; open.length > 0; attempt++) {
    const results = await answers(open, deps);
    const left: Leaving[] = [];
    for (const [i, event] of open.entries()) {
      const { ErrorCode, ErrorMessage } = results[i] ?? {};
      if (ErrorCode === undefined) continue;
      if (!REFUSED_FOR_EVER.has(ErrorCode)) left.push(event);
      else dead.push({ pk: event.pk, sk: event.sk, reason: "refused", detail: `${ErrorCode}: ${ErrorMessage ?? ""}` });
    }
    if (left.length > 0 && attempt === TRIES) {
      const codes = [...new Set(results.flatMap(({ ErrorCode }) => ErrorCode ?? []))].join(", ");
      throw new Error(`${left.length} events were not taken by the bus: ${codes}`);
    }
    if (left.length > 0) await deps.pause(attempt);
    open = left;
  }
  return dead;
}

/** The bus's word on each event. A call that is invalid as a whole is made for each event alone, to find the one. */
async function answers(events: readonly Leaving[], deps: RelayDeps): Promise<readonly PutEventsResultEntry[]> {
  try {
    const answer = await deps.bus.send(new PutEventsCommand({ Entries: events.map(({ entry }) => entry) }));
    return answer.Entries ?? [];
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "ValidationException") throw error;
    if (events.length === 1) return [{ ErrorCode: "InvalidArgument", ErrorMessage: error.message }];
    const each: PutEventsResultEntry[] = [];
    for (const event of events) each.push(...(await answers([event], deps)));
    return each;
  }
}

function portions(events: readonly Leaving[]): Leaving[][] {
  const all: Leaving[][] = [];
  let size = 0;
  for (const event of events) {
    const last = all.at(-1);
    if (last === undefined || last.length === MOST_ENTRIES || size + event.bytes > MOST_BYTES) {
      all.push([event]);
      size = event.bytes;
    } else {
      last.push(event);
      size += event.bytes;
    }
  }
  return all;
}
