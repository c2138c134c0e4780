import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import { marshall } from "@aws-sdk/util-dynamodb";
import type { AttributeValue, DynamoDBStreamEvent } from "aws-lambda";
import { mockClient } from "aws-sdk-client-mock";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { leaves } from "../../../functions/events/relay/leaves.ts";
import { EVENT_DATA_BYTES } from "../../../shared/change/events.ts";
import { type DeadEvent, putEvents, type RelayDeps } from "../../../shared/events/put.ts";
import { newId } from "../../../shared/ids.ts";

// The bus has answers that no engine can be made to give.
const bus = mockClient(EventBridgeClient);
let dead: DeadEvent[] = [];
let pauses: number[] = [];
const deps: RelayDeps = {
  bus: new EventBridgeClient({ region: "us-east-1" }),
  bus_name: "bus",
  dead: { send: async (events) => void dead.push(...events) },
  leaves: (image) => leaves(image, (type) => type === "agent.created"),
  pause: async (attempt) => void pauses.push(attempt),
};
const taken = (entries: readonly PutEventsRequestEntry[] = []) => entries.map(({ Detail }) => ({ EventId: Detail }));
beforeEach(() => {
  bus.reset();
  [dead, pauses] = [[], []];
  bus.on(PutEventsCommand).callsFake(({ Entries }) => ({ FailedEntryCount: 0, Entries: taken(Entries) }));
});

interface Made {
  readonly data?: object;
  readonly type?: string;
  readonly item_type?: string;
  readonly eventName?: "INSERT" | "MODIFY" | "REMOVE";
  readonly text?: string;
}

function record({ data = {}, type = "agent.created", item_type = "event", eventName = "INSERT", text }: Made = {}) {
  const envelope = {
    id: newId("event", new Date()),
    type,
    version: 1,
    organization_id: "org",
    actor: { type: "system", id: "x" },
    occurred_at: "2026-01-01T00:00:00.000Z",
    trace_id: "t",
    data,
  };
  const item = {
    pk: "T#org#EVENTS#2026-01-01",
    sk: envelope.id,
    item_type,
    envelope: text ?? JSON.stringify(envelope),
  };
  return { envelope, record: { eventName, dynamodb: { NewImage: marshall(item) as Record<string, AttributeValue> } } };
}
type Record_ = ReturnType<typeof record>;
const batchOf = (...all: readonly Record_[]): DynamoDBStreamEvent => ({ Records: all.map((one) => one.record) });
const idsOf = (all: readonly Record_[]) => all.map(({ envelope }) => envelope.id);
const calls = () =>
  bus
    .commandCalls(PutEventsCommand)
    .map((call) => (call.args[0].input.Entries ?? []).map(({ Detail }) => JSON.parse(Detail ?? "")));

describe("the relay", () => {
  it("lets events leave in their order, ten at a time, each as its envelope", async () => {
    const all = Array.from({ length: 23 }, () => record());
    expect(await putEvents(batchOf(...all), deps)).toEqual({ sent: 23, dead: [] });
    expect(calls().map((entries) => entries.length)).toEqual([10, 10, 3]);
    expect(calls().flat()).toEqual(all.map((one) => one.envelope));
    expect(bus.commandCalls(PutEventsCommand)[0]?.args[0].input.Entries?.[0]).toMatchObject({
      EventBusName: "bus",
      Source: "kaizen-studio",
      DetailType: "agent.created",
    });
  });

  it("puts large events into one call only as far as the bus takes it; ten of the largest take four", async () => {
    const large = () => record({ data: { text: "x".repeat(EVENT_DATA_BYTES - 20) } });
    await putEvents(batchOf(...Array.from({ length: 10 }, large)), deps);
    expect(calls().map((entries) => entries.length)).toEqual([3, 3, 3, 1]);
  });

  it("lets nothing but new events leave", async () => {
    const others = [record({ item_type: "agent" }), record({ eventName: "MODIFY" }), record({ eventName: "REMOVE" })];
    expect(await putEvents(batchOf(...others), deps)).toEqual({ sent: 0, dead: [] });
    expect(calls()).toEqual([]);
  });
});

const poison: Readonly<Record<DeadEvent["reason"], () => Record_>> = {
  unreadable: () => record({ text: '{"id":"evt_1"}' }),
  unknown_type: () => record({ type: "agent.invented" }),
  too_large: () => record({ data: { text: "x".repeat(262_144) } }),
  refused: () => record({ data: { refused: true } }),
};

/** Refuses for ever what says so, as the bus does for one entry of a call. */
const refusing = () =>
  bus.on(PutEventsCommand).callsFake(({ Entries = [] }) => ({
    Entries: (Entries as PutEventsRequestEntry[]).map(({ Detail }) =>
      Detail?.includes('"refused":true') ? { ErrorCode: "MalformedDetail", ErrorMessage: "no" } : { EventId: "e" },
    ),
  }));

describe("an event that can never leave", () => {
  it.each(Object.keys(poison) as DeadEvent["reason"][])(
    "(%s) goes alone to where the alarm rings, and tells where it lies",
    async (reason) => {
      refusing();
      const bad = poison[reason]();
      const all = [record(), bad, record()];
      expect(await putEvents(batchOf(...all), deps)).toEqual({ sent: 2, dead });
      expect(dead).toEqual([
        { reason, detail: expect.any(String), pk: "T#org#EVENTS#2026-01-01", sk: bad.envelope.id },
      ]);
      expect(JSON.stringify(dead)).not.toContain("xxx");
      expect(
        calls()
          .flat()
          .map(({ id }) => id),
      ).toEqual(expect.arrayContaining([all[0], all[2]].map((one) => one?.envelope.id)));
    },
  );

  it("never keeps another one from leaving, however many there are and wherever they stand", async () => {
    const kinds = fc.constantFrom("good", "good", ...(Object.keys(poison) as DeadEvent["reason"][]));
    await fc.assert(
      fc.asyncProperty(fc.array(kinds, { maxLength: 25 }), async (wanted) => {
        [dead] = [[]];
        bus.resetHistory();
        refusing();
        const all = wanted.map((kind) => ({ kind, made: kind === "good" ? record() : poison[kind]() }));
        const answer = await putEvents(batchOf(...all.map(({ made }) => made)), deps);
        const good = all.filter(({ kind }) => kind === "good").map(({ made }) => made);
        expect(answer.sent).toBe(good.length);
        expect(dead.map(({ reason }) => reason).sort()).toEqual(wanted.filter((kind) => kind !== "good").sort());
        const left = new Set(
          calls()
            .flat()
            .map(({ id }) => id),
        );
        for (const id of idsOf(good)) expect(left).toContain(id);
      }),
      { numRuns: 30 },
    );
  });

  it("is found where the bus refuses the call as a whole", async () => {
    const bad = record({ data: { refused: true } });
    bus.on(PutEventsCommand).callsFake(({ Entries = [] }) => {
      if (JSON.stringify(Entries).includes("refused"))
        throw Object.assign(new Error("1 validation error"), { name: "ValidationException" });
      return { Entries: taken(Entries) };
    });
    expect((await putEvents(batchOf(record(), bad, record()), deps)).sent).toBe(2);
    expect(dead).toMatchObject([{ reason: "refused", sk: bad.envelope.id }]);
  });

  it("is not counted as done when it could not be put aside: the batch comes again", async () => {
    const failing = { ...deps, dead: { send: () => Promise.reject(new Error("no queue")) } };
    await expect(putEvents(batchOf(record({ type: "agent.invented" })), failing)).rejects.toThrow("no queue");
  });
});

describe("an event that the bus does not take at the moment", () => {
  const busyFor = (times: number, ErrorCode: string) => {
    let left = times;
    bus.on(PutEventsCommand).callsFake(({ Entries = [] }) => ({
      Entries: (Entries as PutEventsRequestEntry[]).map(({ Detail }) =>
        Detail?.includes('"busy":true') && left-- > 0 ? { ErrorCode, ErrorMessage: "later" } : { EventId: "e" },
      ),
    }));
  };

  it.each(["ThrottlingException", "InternalFailure", "AccessDeniedException"])(
    "(%s) is put again, after a pause and without the others",
    async (code) => {
      busyFor(2, code);
      const busy = record({ data: { busy: true } });
      const all = [record(), busy, record()];
      expect(await putEvents(batchOf(...all), deps)).toEqual({ sent: 3, dead: [] });
      expect(calls().map((entries) => entries.map(({ id }) => id))).toEqual([
        idsOf(all),
        [busy.envelope.id],
        [busy.envelope.id],
      ]);
      expect(pauses).toEqual([1, 2]);
    },
  );

  it("for long makes the batch come again; it is never put aside", async () => {
    busyFor(Number.POSITIVE_INFINITY, "InternalFailure");
    const batch = batchOf(record({ data: { busy: true } }), record());
    await expect(putEvents(batch, deps)).rejects.toThrow("1 events were not taken by the bus: InternalFailure");
    expect(dead).toEqual([]);
    bus.on(PutEventsCommand).rejects(Object.assign(new Error("no"), { name: "ThrottlingException" }));
    await expect(putEvents(batch, deps)).rejects.toThrow("no");
    expect(dead).toEqual([]);
  });
});
