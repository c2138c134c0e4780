import { globSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { declaredItemsOfAllRooms } from "../../../docs/render/items.ts";

/**
 * DynamoDB deletes what has expired up to days later. No read finds it until then, and a creation takes its key; but an
 * update meets it, and would go on counting where it stood. Every type of item that expires and is updated stands here
 * with why that does no harm.
 */
const HARMLESS: Readonly<Record<string, string>> = {
  denial_counter: "its key is a minute",
  shadow_count: "its key is a day, which ends before it",
  throttle_counter: "its key is a window, which ends before it",
  invitation_mails: "its key is a day, which ends before it",
  domain_mails: "its key is a day, which ends before it",
  run_calls: "read before; the condition asks for which change it was",
  run_lane: "its time is moved with each run that comes, and is longer than any run",
  run_budget: "of a run that ended days before it expires",
  run_within: "of a run that ended days before it expires",
  run_count: "its key is a month, which ends before it",
  token_budget: "its key is a month, which ends before it",
  api_key_usage: "its key is a day, which ends a year before it",
  rate_counter: "it says which minute and month it counts",
  lease_count: "it says until when each place is held",
  node_turn: "whose turn it is has no time; going on where it was is as good as beginning anew",
  sign_in_attempts: "the condition asks for its time, and one that is over is replaced",
  registration: "the condition asks for its time",
  idempotency_key: "the condition asks for its time",
  // What is read just before, and whose condition asks for what was read; a read does not find what is over.
  password_reset: "read before; the condition asks for its state",
  second_factor: "read before; the condition asks for what was read",
  email_change: "read before; the condition asks for its state",
  mfa_challenge: "read before; the condition asks for its state",
  api_key: "read before; the condition asks for what was read, and it expires long after it counted",
  scim_token: "read before; the condition asks for what was read, and it is refused by its own time",
  session: "read before; the condition asks for its state",
  webhook_delivery: "read before; the condition asks for its attempt",
  webhook_replay: "read before; the condition asks for its page",
  sso_sign_in: "read before; the condition asks for its state",
  operator_access: "the condition asks for its state, and it expires long after it was live",
  invitation: "read before; the condition asks for its state, and it expires long after it was pending",
  removal: "the condition asks for its state, and it expires long after it was running",
  audit_entry: "read before; the condition asks for what was read, and takes out only",
  audit_copy: "read before; the condition asks whether it was held, and the file comes first",
  approval: "read before; the condition asks for its state",
  agent_thread: "read before; the condition asks for who answers in it",
  run: "read before; it ended days before it expires",
  run_state: "read before; the condition asks for its state and number",
  suite_run: "the condition asks for its state, and it expires days after it was running",
  suite_run_open: "read before; the condition asks for what was read",
  suite_run_state: "of a job that ended days before it expires",
  run_join: "of a run that ended days before it expires",
};

it("what is updated and expires does no harm when its time is over and it is still there", async () => {
  const expiring = new Set(
    (await declaredItemsOfAllRooms()).filter(({ expires }) => expires !== undefined).map(({ type }) => type),
  );
  const sources = globSync(["functions/**/*.ts", "shared/**/*.ts"]).map((file) => readFileSync(file, "utf8"));
  const typeOf = new Map(
    sources.flatMap((text) =>
      [...text.matchAll(/export const (\w+) = defineItem\(\{\s*type: "(\w+)"/g)].map(
        ([, name = "", type = ""]) => [name, type] as const,
      ),
    ),
  );
  expect(typeOf.size).toBeGreaterThan(40);
  const updated = new Set(
    sources.flatMap((text) =>
      [...text.matchAll(/\.(?:update|transition)\(\s*(\w+),/g)].map(([, name = ""]) => typeOf.get(name) ?? ""),
    ),
  );
  // Written in the table's own language.
  updated.add("rate_counter");
  expect([...updated].filter((type) => expiring.has(type)).sort()).toEqual(Object.keys(HARMLESS).sort());
});
