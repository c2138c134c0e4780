import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { Agent, request } from "undici";
import { createOutbound, type Outbound } from "../shared/outbound/index.ts";
import { signWebhook, webhookSecret } from "../shared/signing/standard-webhooks.ts";
import { inTurns, roundsOf, spreadOf } from "./measure.ts";
import { atLeast, type Benchmark } from "./row.ts";

const ROUNDS = 61;
const DELIVERIES = 512;
const CONCURRENCY = 32;

/** An event of usual size, as it leaves in a webhook. */
const event = {
  id: "evt_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
  type: "agent.updated",
  version: 1,
  organization_id: "org_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
  actor: { type: "user", id: "usr_01JDQ4X0Z5V8W3N7K2M9R6T1BC" },
  occurred_at: "2026-01-31T12:00:00.000Z",
  trace_id: "req_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
  data: { agent_id: "agt_01JDQ4X0Z5V8W3N7K2M9R6T1BC", name: "Support", changed_fields: ["name", "prompt"] },
};

export const webhookFanOut: Benchmark = {
  id: "webhook-fan-out",
  title: "Signed webhook fan-out",
  about: `
The same event is sent ${DELIVERIES} times with ${CONCURRENCY} requests at a time to a receiver in a process of its own. Ours is
signed (Standard Webhooks) for each delivery and leaves through the outbound client, which checks the address again when it
connects, bounds time and size and never follows a redirect; the other side are plain \`undici\` requests with the same
body. Both keep their connections. Throughput is counted by the sender's own processor time, so that neither the receiver nor other
load takes part in it; higher is better.
`,
  async run() {
    const { child, url } = await startReceiver();
    const agent = new Agent();
    const outbound = createOutbound({ allow_http: true, allow: ["127.0.0.1:*"] });
    const secret = webhookSecret(new Uint8Array(32).fill(7));
    try {
      proveSignature(secret);
      const send = {
        signed: () => sendSigned(outbound, url, secret),
        plain: () => sendPlain(agent, url),
      };
      await inTurns(2, { signed: () => fanOut(send.signed), plain: () => fanOut(send.plain) });
      const rounds = await inTurns(ROUNDS, { signed: () => fanOut(send.signed), plain: () => fanOut(send.plain) });
      const perSecond = (milliseconds: number) => (DELIVERIES / milliseconds) * 1_000;
      return [
        atLeast(
          0.65,
          {
            id: "webhook-throughput",
            what: "Signed deliveries against plain requests",
            unit: "per CPU second",
            spread: spreadOf(roundsOf(rounds.signed.values)),
          },
          perSecond(rounds.signed.least),
          perSecond(rounds.plain.least),
        ),
      ];
    } finally {
      child.disconnect();
      await Promise.all([agent.close(), outbound.close()]);
    }
  },
};

async function startReceiver(): Promise<{ child: ChildProcess; url: string }> {
  const child = fork(join(import.meta.dirname, "webhooks", "receiver.ts"), { stdio: "inherit" });
  const [port] = await once(child, "message");
  return { child, url: `http://127.0.0.1:${port}/hook` };
}

/** A receiver with the official library accepts what is measured here. */
function proveSignature(secret: string): void {
  const { body, headers } = signedEvent(secret);
  new Webhook(secret).verify(body, headers);
}

function signedEvent(secret: string) {
  const body = JSON.stringify(event);
  return { body, headers: signWebhook({ id: event.id, sent_at_ms: Date.now(), body, secrets: [secret] }) };
}

async function sendSigned(outbound: Outbound, url: string, secret: string): Promise<void> {
  const { body, headers } = signedEvent(secret);
  const answer = await outbound.request({
    method: "POST",
    url,
    headers: { "content-type": "application/json", ...headers },
    body,
    max_bytes: 65_536,
    truncate: true,
  });
  if (!answer.ok || answer.status !== 204) throw new Error(`not delivered: ${JSON.stringify(answer)}`);
}

async function sendPlain(agent: Agent, url: string): Promise<void> {
  const answer = await request(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(event),
    dispatcher: agent,
  });
  await answer.body.dump();
  if (answer.statusCode !== 204) throw new Error(`not delivered: ${answer.statusCode}`);
}

/** Milliseconds of this process's processor time for all deliveries. */
async function fanOut(deliver: () => Promise<void>): Promise<number> {
  const began = process.cpuUsage();
  let left = DELIVERIES;
  const worker = async () => {
    while (left-- > 0) await deliver();
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1_000;
}
