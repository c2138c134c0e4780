import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from "@aws-sdk/client-eventbridge";
import { CreateQueueCommand, GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { type Company, eventually, registerCompany, unique } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";
import { type Received, type Receiver, startReceiver, verified } from "../../support/receiver.ts";
import { awsConfig } from "../../support/stack.ts";
import { sweepDue } from "../../support/sweeper.ts";

let company: Company;
let receiver: Receiver;

beforeAll(async () => {
  [company, receiver] = await Promise.all([registerCompany(), startReceiver()]);
});
afterAll(() => receiver.close());

const https = (path: string, more: object = {}) => ({ kind: "https", url: `${receiver.url}${path}`, ...more });
const TOKEN = "b8a5f0de-6f3d-4f55-8f4c-2c7c1f1a9e11";
const splunk = (path: string, more: object = {}) => ({
  kind: "splunk_hec",
  url: `${receiver.url}${path}`,
  token: TOKEN,
  ...more,
});

const make = async (destination: object, more: object = {}, owner = company) => {
  const answer = await owner.call("POST", "/audit/streams", { name: unique("SIEM"), destination, ...more });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
};
const read = async (id: string, owner = company) => (await owner.call("GET", `/audit/streams/${id}`)).body;
const gone = async (id: string, owner = company) =>
  expect((await owner.call("DELETE", `/audit/streams/${id}`)).status).toBe(204);

// biome-ignore lint/suspicious/noExplicitAny: tests look into entries of many shapes
const entriesOf = ({ body }: Received): any[] =>
  body
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
/** Whether a request is signed with a secret, as the reference library says; what it signs need be no JSON. */
function signedBy({ headers, body }: Received, secret: string): boolean {
  const id = String(headers["webhook-id"]);
  const at = new Date(Number(headers["webhook-timestamp"]) * 1_000);
  return String(headers["webhook-signature"])
    .split(" ")
    .includes(new Webhook(secret).sign(id, at, body));
}

const arrived = (path: string) => receiver.at(path).flatMap(entriesOf);

/** Until a stream has nothing more to send; what is due is done meanwhile. */
const caughtUp = (id: string, owner = company) =>
  eventually(
    async () => {
      await sweepDue();
      const stream = await read(id, owner);
      return stream.progress.behind === 0 && stream.progress.delivered > 0 ? stream : undefined;
    },
    "the stream has sent all",
    150,
  );

describe("a stream to a collector", () => {
  it("sends the whole log in order and signed, each entry as the API shows it, and what comes later by itself", async () => {
    const stream = await make(https("/generic", { header: { name: "X-Key", value: "a-key-of-ours" } }), { from: 0 });
    expect(stream).toMatchObject({
      status: "active",
      format: "native",
      destination: { kind: "https", url: `${receiver.url}/generic`, body: "json_lines", header_name: "x-key" },
      signing_secrets: [{ expires_at: null }],
    });
    await caughtUp(stream.id);
    const [first] = receiver.at("/generic");
    if (first === undefined) throw new Error("no request");
    expect(first.headers).toMatchObject({ "x-key": "a-key-of-ours", "content-type": "application/x-ndjson" });
    expect(signedBy(first, stream.signing_secret)).toBe(true);
    const before = arrived("/generic");
    expect(before.map(({ sequence }) => sequence)).toEqual([...before.keys()]);
    for (const entry of before.slice(0, 3))
      expect((await company.call("GET", `/audit/logs/${entry.id}`)).body).toEqual(entry);
    const made = await company.call("POST", "/teams", { name: unique("Team") });
    const later = await eventually(
      async () => {
        await sweepDue();
        return arrived("/generic").find(
          ({ action, resource }) => action === "team.created" && resource.id === made.body.id,
        );
      },
      "the entry arrives",
      150,
    );
    expect(later.sequence).toBeGreaterThanOrEqual(before.length);
    const numbers = arrived("/generic").map(({ sequence }) => sequence);
    expect([...new Set(numbers)]).toEqual([...Array(Math.max(...numbers) + 1).keys()]);
    await gone(stream.id);
  });

  it("shows its secrets once, and its address in full only to who may change it", async () => {
    const answer = await company.call("POST", "/audit/streams", {
      name: "Shown",
      destination: https("/shown?key=1", { header: { name: "authorization", value: "Bearer abcdefgh" } }),
    });
    expect([answer.status, answer.headers.get("location")]).toEqual([201, `/api/v1/audit/streams/${answer.body.id}`]);
    expect(answer.body.signing_secret).toMatch(/^whsec_/);
    const { signing_secret, ...rest } = answer.body;
    const again = await company.call("GET", `/audit/streams/${rest.id}`);
    expect({ ...again.body, progress: undefined }).toEqual({ ...rest, progress: undefined });
    for (const text of [again.text, (await company.call("GET", "/audit/streams")).text])
      for (const secret of [signing_secret, "abcdefgh", "sealed"]) expect(text).not.toContain(secret);
    const role = await company.call("POST", "/roles", { name: unique("Auditor"), grants: ["audit:read"] });
    const auditor = await addMember(company, role.body.id);
    const seen = await auditor.call("GET", `/audit/streams/${rest.id}`);
    expect([seen.status, seen.body.destination.url]).toEqual([200, `${receiver.url}/{concealed}`]);
    expect((await auditor.call("POST", `/audit/streams/${rest.id}/pause`)).status).toBe(403);
    expect((await (await addMember(company, "developer")).call("GET", "/audit/streams")).status).toBe(403);
    await gone(rest.id);
  });

  it("signs with both secrets after one was made anew, and with no more than five", async () => {
    const stream = await make(https("/rotated", { body: "json_array" }), { from: "now" });
    const rotated = await company.call("POST", `/audit/streams/${stream.id}/rotate-secret`, {});
    expect([rotated.status, rotated.body.signing_secrets.length]).toEqual([200, 2]);
    await company.call("POST", `/audit/streams/${stream.id}/test`);
    const request = receiver.at("/rotated").find(({ event }) => event[0].test === true);
    if (request === undefined) throw new Error("no request");
    expect(verified(request, stream.signing_secret)).toEqual(verified(request, rotated.body.signing_secret));
    expect(request.event).toMatchObject([{ action: "audit_stream.test", test: true, sequence: null }]);
    const answers = [];
    for (let i = 0; i < 4; i++)
      answers.push((await company.call("POST", `/audit/streams/${stream.id}/rotate-secret`, {})).status);
    expect(answers).toEqual([200, 200, 200, 409]);
    await gone(stream.id);
  });
});

describe("a stream to Splunk", () => {
  it("tells why nothing is taken, goes on by itself once it is, and has lost nothing", async () => {
    const path = "/services/collector/event";
    receiver.reply(
      path,
      { status: 503, body: '{"text":"Server is busy","code":9}' },
      { status: 200, body: '{"text":"Success","code":0}' },
    );
    const stream = await make(splunk("", { index: "main" }), { from: 0, format: "ocsf" });
    expect(stream.destination).toEqual({
      kind: "splunk_hec",
      url: `${receiver.url}${path}`,
      index: "main",
      source: null,
      sourcetype: null,
    });
    expect(stream.signing_secret).toBeNull();
    const failed = await eventually(
      async () => {
        const { progress } = await read(stream.id);
        return progress.consecutive_failures > 0 ? progress : undefined;
      },
      "the first try has failed",
      150,
    );
    expect(failed).toMatchObject({ next_sequence: 0, last_error: { code: "hec_9", status: 503 } });
    expect(Date.parse(failed.retry_at)).toBeGreaterThan(Date.now());
    const { progress } = await caughtUp(stream.id);
    expect(progress).toMatchObject({ consecutive_failures: 0, failing_since: null, retry_at: null });
    const [refused, ...taken] = receiver.at(path);
    expect(refused?.headers.authorization).toBe(`Splunk ${TOKEN}`);
    const events = taken.flatMap(entriesOf);
    expect(events[0]).toMatchObject({ index: "main", event: { class_uid: 6003 } });
    const numbers = events.map(({ event }) => event.metadata.sequence);
    expect([...new Set(numbers)]).toEqual([...numbers.keys()]);
    const { time, event } = events[0];
    expect(Math.round(time * 1_000)).toBe(event.time);
    await gone(stream.id);
  });

  it("is tried with one marked entry, whose answer is shown without its token", async () => {
    // Whatever it sends by itself until it is paused goes elsewhere.
    const stream = await make(splunk("/elsewhere"));
    await company.call("POST", `/audit/streams/${stream.id}/pause`);
    const moved = await company.call("PATCH", `/audit/streams/${stream.id}`, { destination: splunk("/tried") });
    expect([moved.status, moved.body.status]).toEqual([200, "paused"]);
    receiver.reply(
      "/tried",
      { status: 403, body: `{"text":"Invalid token ${TOKEN}","code":4}` },
      { status: 200, body: '{"text":"Success","code":0}' },
    );
    const refused = await company.call("POST", `/audit/streams/${stream.id}/test`);
    expect([refused.status, refused.body]).toEqual([
      200,
      {
        ok: false,
        status: 403,
        code: "hec_4",
        message: expect.stringContaining("does not know the token"),
        answer: '{"text":"Invalid token [redacted]","code":4}',
        duration_ms: expect.any(Number),
      },
    ]);
    const taken = await company.call("POST", `/audit/streams/${stream.id}/test`);
    expect(taken.body).toMatchObject({ ok: true, status: 200, code: null, answer: '{"text":"Success","code":0}' });
    const [sent] = entriesOf(receiver.at("/tried").at(-1) as Received);
    expect(sent.event).toMatchObject({ action: "audit_stream.test", test: true, resource: { id: stream.id } });
    expect(receiver.at("/tried")).toHaveLength(2);
    expect(await read(stream.id)).toMatchObject({ status: "paused", progress: { consecutive_failures: 0 } });
    await gone(stream.id);
  });
});

describe("a stream to a bus", () => {
  it("puts entries there that rules of the bus can tell by action and by organization", async () => {
    const name = `audit-streams-${unique("acme")}`;
    const events = new EventBridgeClient(awsConfig());
    const sqs = new SQSClient({ ...awsConfig(), useQueueUrlAsEndpoint: false });
    const { EventBusArn = "" } = await events.send(new CreateEventBusCommand({ Name: name }));
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }));
    const source = `kaizen-studio.audit/${company.organization_id}`;
    const rule = { Name: "all", EventBusName: name };
    await events.send(new PutRuleCommand({ ...rule, EventPattern: JSON.stringify({ source: [source] }) }));
    await events.send(
      new PutTargetsCommand({
        Rule: "all",
        EventBusName: name,
        Targets: [{ Id: "q", Arn: Attributes?.QueueArn ?? "" }],
      }),
    );
    const stream = await make({ kind: "event_bus", arn: EventBusArn }, { from: 0 });
    expect(stream.destination).toEqual({ kind: "event_bus", arn: EventBusArn });
    const tried = await company.call("POST", `/audit/streams/${stream.id}/test`);
    expect(tried.body, tried.text).toMatchObject({ ok: true, status: null, code: null });
    const { progress } = await caughtUp(stream.id);
    const got = new Map<string, { "detail-type": string; source: string; detail: { sequence: number | null } }>();
    await eventually(async () => {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      for (const { Body = "" } of Messages) {
        const event = JSON.parse(Body);
        got.set(event.id, event);
      }
      const numbers = new Set([...got.values()].map(({ detail }) => detail.sequence));
      return numbers.size >= progress.next_sequence + 1 ? true : undefined;
    }, "all of them arrive");
    expect([...got.values()].find(({ detail }) => detail.sequence === 0)).toMatchObject({
      source,
      "detail-type": expect.stringMatching(/^\w+\.\w+$/),
      detail: { organization_id: company.organization_id },
    });
    expect([...got.values()].filter(({ detail }) => detail.sequence === null)).toMatchObject([
      { "detail-type": "audit_stream.test", detail: { test: true } },
    ]);
    const { status, body } = await company.call("POST", `/audit/streams/${stream.id}/rotate-secret`, {});
    expect([status, body.code]).toEqual([409, "conflict"]);
    await gone(stream.id);
  });

  it("leads to none of the deployment's own, nor to what is no bus", async () => {
    const ours = `arn:aws:events:${inject("stack").region}:000000000000:event-bus/default`;
    for (const arn of [ours, "arn:aws:sqs:eu-central-1:123456789012:queue"]) {
      const { status, body } = await company.call("POST", "/audit/streams", {
        name: "Bus",
        destination: { kind: "event_bus", arn },
      });
      expect([status, body.issues[0].path]).toEqual([422, "destination.arn"]);
    }
  });
});

describe("a stream that does not go on", () => {
  it("because nobody is there any more has stopped, tells the owners, and goes on where it stood", async () => {
    const owner = await registerCompany();
    receiver.reply("/gone", { status: 410, body: "Gone" }, { status: 200 });
    const stream = await make(https("/gone"), { from: 0 }, owner);
    const stopped = await eventually(async () => {
      const one = await read(stream.id, owner);
      return one.status === "stopped" ? one : undefined;
    }, "the stream has stopped");
    expect(stopped).toMatchObject({
      stopped_reason: "gone",
      progress: { next_sequence: 0, retry_at: null, last_error: { code: "http_status_410", answer: "Gone" } },
    });
    const mail = await eventually(async () => {
      const sent = await (await fetch(`${inject("stack").endpoint}/_ministack/ses/messages`)).text();
      return sent.includes(`Audit stream stopped: ${stream.name}`) ? sent : undefined;
    }, "the owner gets a mail");
    expect(mail).toContain(owner.email);
    expect(mail).toContain(`/api/v1/audit/streams/${stream.id}/start`);
    const started = await owner.call("POST", `/audit/streams/${stream.id}/start`, {});
    expect([started.status, started.body.status, started.body.stopped_reason]).toEqual([200, "active", null]);
    await caughtUp(stream.id, owner);
    expect(entriesOf(receiver.at("/gone")[1] as Received)[0].sequence).toBe(0);
  });

  it("because it is paused sends what happened meanwhile once it is started, or begins where it is told", async () => {
    const owner = await registerCompany();
    const stream = await make(https("/paused"), { from: 0 }, owner);
    await caughtUp(stream.id, owner);
    const paused = await owner.call("POST", `/audit/streams/${stream.id}/pause`);
    expect([paused.status, paused.body.status]).toEqual([200, "paused"]);
    expect((await owner.call("POST", `/audit/streams/${stream.id}/pause`)).body.code).toBe("conflict");
    const beyond = await owner.call("POST", `/audit/streams/${stream.id}/start`, { from: 9_999 });
    expect([beyond.status, beyond.body.issues[0].path]).toEqual([422, "from"]);
    const count = receiver.at("/paused").length;
    const started = await owner.call("POST", `/audit/streams/${stream.id}/start`, { from: 1 });
    expect(started.body.progress.next_sequence).toBe(1);
    const again = await owner.call("POST", `/audit/streams/${stream.id}/start`, {});
    expect([again.status, again.body.code]).toEqual([409, "conflict"]);
    await eventually(async () => receiver.at("/paused")[count], "it is sent again");
    expect(entriesOf(receiver.at("/paused")[count] as Received)[0].sequence).toBe(1);
    const skipped = await owner.call("POST", `/audit/streams/${stream.id}/start`, { from: "now" });
    expect(skipped.body.progress.behind).toBe(0);
  });
});

describe("what a stream is given", () => {
  it("is refused with its path where it cannot be", async () => {
    const refused = async (destination: object, more: object = {}) => {
      const { status, body } = await company.call("POST", "/audit/streams", { name: "No", destination, ...more });
      return [status, body.code, body.issues?.[0].path];
    };
    expect(await refused(https("/x", { url: "https://169.254.169.254/" }))).toEqual([
      422,
      "unsafe_url",
      "destination.url",
    ]);
    expect(await refused(splunk("/x", { token: undefined }))).toEqual([422, "validation_failed", "destination.token"]);
    expect(await refused(https("/x", { header: { name: "webhook-id", value: "1" } }))).toEqual([
      422,
      "validation_failed",
      "destination.header.name",
    ]);
    expect(await refused(https("/x", { header: { name: "x-key" } }))).toEqual([
      422,
      "validation_failed",
      "destination.header.value",
    ]);
    expect(await refused(https("/x", { header: { name: "host", value: "evil" } }))).toEqual([
      422,
      "validation_failed",
      "destination.header",
    ]);
    expect(await refused(https("/x"), { from: 100_000 })).toEqual([422, "validation_failed", "from"]);
  });

  it("keeps its secret at its host only, its kind for ever, and loses no race", async () => {
    const stream = await make(splunk("/kept"));
    const change = (destination: object, headers = {}) =>
      company.call("PATCH", `/audit/streams/${stream.id}`, { destination }, headers);
    const kept = await change(splunk("/elsewhere", { token: undefined }));
    expect([kept.status, kept.body.destination.url]).toEqual([200, `${receiver.url}/elsewhere`]);
    const moved = await change(splunk("/x", { url: "https://collector.example.com/", token: undefined }));
    expect([moved.status, moved.body.issues[0].path]).toEqual([422, "destination.token"]);
    const other = await change(https("/x"));
    expect([other.status, other.body.issues[0].path]).toEqual([422, "destination.kind"]);
    const match = { "if-match": String(kept.headers.get("etag")) };
    expect((await change(splunk("/again"), match)).status).toBe(200);
    expect((await change(splunk("/late"), match)).status).toBe(412);
    const late = await company.call("DELETE", `/audit/streams/${stream.id}`, undefined, match);
    expect(late.status).toBe(412);
    await gone(stream.id);
    expect((await company.call("GET", `/audit/streams/${stream.id}`)).status).toBe(404);
  });
});
