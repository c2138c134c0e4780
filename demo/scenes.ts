import type { Client } from "./client.ts";
import type { Receiver } from "./receiver.ts";
import { dim, short, table } from "./show.ts";
import { must, remark, until } from "./story.ts";

/** What the story has changed, and what the audit trail says of it. */
export interface Trail {
  readonly changes: { readonly action: string; readonly id: string }[];
  /** Audit entries of the company, oldest first. */
  events: { readonly action: string; readonly resource: { readonly id: string } }[];
}

/** Shows a run as it happens. @returns the type of its last event */
export async function followRun(api: Client, run: string): Promise<string> {
  const began = performance.now();
  let last = "";
  for await (const { id, event, data } of api.stream(`/runs/${run}/events`)) {
    const seconds = ((performance.now() - began) / 1000).toFixed(2).padStart(5);
    console.log(
      `   ${dim(`${seconds} s  ${(id ?? "").padStart(3)}`)}  ${event.padEnd(15)} ${data.node_id ?? ""} ${dim(data.message)}`,
    );
    last = event;
  }
  return last;
}

const dollars = (micros: number): string => `${(micros / 1e6).toFixed(6)} $`;

/** What each step did, in the order in which they began. */
// biome-ignore lint/suspicious/noExplicitAny: an answer of the API as it is
export function showSteps(steps: any[]): void {
  const began = ({ started_at }: { started_at: string | null }) => started_at ?? "~";
  const rows = steps
    .sort((a, b) => (began(a) < began(b) ? -1 : 1))
    .map((step) => [
      step.node_id,
      step.kind,
      step.status,
      step.duration_ms === null ? "" : `${step.duration_ms} ms`,
      step.model === null ? "" : `${step.tokens_in} + ${step.tokens_out}`,
      step.model === null ? "" : dollars(step.cost_usd_micros),
      step.output === undefined ? "" : short(step.output).slice(0, 60),
    ]);
  console.log(table(["Step", "Kind", "Status", "Time", "Tokens", "Cost", "Output"], rows).replaceAll(/^/gm, "   "));
}

/** The run's answer, as the customer would read it. */
export function showReply(output: unknown): void {
  console.log(`\n${String(output).replaceAll(/^/gm, "   │ ")}\n`);
}

const keyOf = (action: string, id: string): string => `${action} ${id}`;

const count = (keys: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
};

/** Every change of the story has its entry, by whoever made it, and what the company did is all there is. */
export async function checkAudit(api: Client, trail: Trail, user: string): Promise<string> {
  const entries = (await api.all("/audit/logs")).reverse();
  trail.events = entries;
  const kept = count(entries.map(({ action, resource }) => keyOf(action, resource.id)));
  const missing = [...count(trail.changes.map(({ action, id }) => keyOf(action, id)))].filter(
    ([key, times]) => (kept.get(key) ?? 0) < times,
  );
  must(missing.length === 0, `the audit trail lacks ${missing.map(([key]) => key).join(", ")}`);
  const strangers = entries.filter(({ actor }) => actor.type === "user" && actor.id !== user);
  must(strangers.length === 0, "the audit trail has entries of somebody else");
  const rows = [...count(entries.map(({ action }) => action))].map(([action, times]) => [action, `${times}`]);
  console.log(table(["Action", "Entries"], rows).replaceAll(/^/gm, "   "));
  const sample = entries.find(({ action }) => action === "agent.updated");
  remark(
    `one of them: ${sample?.occurred_at} ${sample?.actor.type} ${sample?.action} ${JSON.stringify(sample?.changes)} from ${sample?.request?.ip}`,
  );
  return `${entries.length} entries; all ${trail.changes.length} changes among them`;
}

/** Every audited change that the webhook subscribes to has arrived once, with a signature that verifies. */
export async function checkEvents(
  api: Client,
  receiver: Receiver,
  trail: Trail,
  subscribed: readonly string[],
): Promise<string> {
  const groups = subscribed.map((group) => group.slice(0, -1));
  const since = trail.events.findIndex(({ action }) => action === "webhook.created");
  const expected = count(
    trail.events
      .slice(since)
      .map(({ action }) => action)
      .filter((action) => groups.some((group) => action.startsWith(group))),
  );
  const arrived = () => {
    const once = new Map(receiver.delivered.map(({ webhook_id, event }) => [webhook_id, event.type as string]));
    return count([...once.values()]);
  };
  await until("the last event", async () =>
    [...expected].every(([type, times]) => (arrived().get(type) ?? 0) >= times) ? true : undefined,
  ).catch(() => undefined);
  const got = arrived();
  const rows = [...got].map(([type, times]) => [type, `${times}`, expected.has(type) ? `${expected.get(type)}` : ""]);
  console.log(table(["Event", "Verified", "Audited"], rows).replaceAll(/^/gm, "   "));
  for (const [type, times] of expected)
    must(got.get(type) === times, `${type}: ${got.get(type) ?? 0} arrived, ${times} happened`);
  must(receiver.refused.length === 0, `${receiver.refused.length} requests had no valid signature`);
  const [webhook] = (await api.get("/webhooks", true)).items;
  const deliveries = await api.all(`/webhooks/${webhook.id}/deliveries`);
  must(
    deliveries.every(({ status }) => status === "succeeded"),
    "a delivery has not succeeded",
  );
  const total = [...got.values()].reduce((sum, times) => sum + times, 0);
  return `${total} events of ${got.size} types, verified by the standardwebhooks library`;
}
