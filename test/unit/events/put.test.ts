import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { marshall } from "@aws-sdk/util-dynamodb";
import type { AttributeValue, DynamoDBStreamEvent } from "aws-lambda";
import { mockClient } from "aws-sdk-client-mock";
import { beforeEach, expect, it } from "vitest";
import { putEvents } from "../../../functions/events/relay/put.ts";
import { newId } from "../../../shared/ids.ts";

const bus = mockClient(EventBridgeClient);
const deps = { bus: new EventBridgeClient({ region: "us-east-1" }), bus_name: "bus" };
beforeEach(() => {
  bus.reset();
  bus.on(PutEventsCommand).resolves({ FailedEntryCount: 0 });
});

const record = (data: object = {}, item_type = "event", eventName: "INSERT" | "MODIFY" | "REMOVE" = "INSERT") => {
  const envelope = {
    id: newId("event", new Date()),
    type: "agent.created",
    version: 1,
    organization_id: "org",
    actor: { type: "system", id: "x" },
    occurred_at: "2026-01-01T00:00:00.000Z",
    trace_id: "t",
    data,
  };
  const NewImage = marshall({ item_type, envelope }) as Record<string, AttributeValue>;
  return { envelope, record: { eventName, dynamodb: { NewImage } } };
};
const sent = () =>
  bus
    .commandCalls(PutEventsCommand)
    .map((call) => call.args[0].input.Entries?.map((entry) => JSON.parse(entry.Detail ?? "")));

it("events leave in their order, ten at a time, each as its envelope", async () => {
  const all = Array.from({ length: 23 }, () => record());
  const batch: DynamoDBStreamEvent = { Records: all.map((one) => one.record) };
  expect(await putEvents(batch, deps)).toBe(23);
  expect(sent().map((entries) => entries?.length)).toEqual([10, 10, 3]);
  expect(sent().flat()).toEqual(all.map((one) => one.envelope));
  expect(bus.commandCalls(PutEventsCommand)[0]?.args[0].input.Entries?.[0]).toMatchObject({
    EventBusName: "bus",
    Source: "kaizen-studio",
    DetailType: "agent.created",
  });
});

it("large events share a call only as far as the bus takes it", async () => {
  const large = { text: "x".repeat(100_000) };
  const batch = { Records: [record(large), record(large), record(large)].map((one) => one.record) };
  await putEvents(batch, deps);
  expect(sent().map((entries) => entries?.length)).toEqual([2, 1]);
});

it("nothing but new events leaves", async () => {
  const batch = {
    Records: [record({}, "agent").record, record({}, "event", "MODIFY").record, record({}, "event", "REMOVE").record],
  };
  expect(await putEvents(batch, deps)).toBe(0);
  expect(sent()).toEqual([]);
});

it("an event that the bus refuses fails the whole batch, which then comes again", async () => {
  bus.on(PutEventsCommand).resolves({ FailedEntryCount: 1 });
  await expect(putEvents({ Records: [record().record] }, deps)).rejects.toThrow("1 events were not taken");
});
