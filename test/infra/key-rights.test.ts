import { describe, expect, it } from "vitest";
import { operationsOf } from "../../functions/operations.ts";
import { rooms } from "../../functions/rooms.ts";
import { takesIdempotencyKey } from "../../shared/http/operation.ts";
import { type SecretPurpose, secretPurposes } from "../../shared/secrets/index.ts";
import { roleStatements, synthesize } from "./support.ts";

const production = synthesize("production");
const managing = rooms.filter(({ area }) => area !== "plane");
const functions = managing.flatMap((room) => Object.keys(room.functions).map((name) => [room.name, name] as const));
/** The management plane's key for secrets; the data plane has one of its own (data-plane.test.ts). */
const KEY = `{${production.kept("data").key.id}.Arn}`;
const answering = rooms
  .flatMap((room) =>
    Object.entries(room.functions).map(([name, { trigger }]) => ({ full: `${room.name}/${name}`, trigger })),
  )
  .filter(({ trigger }) => trigger.kind === "api" || trigger.kind === "stream")
  .map(({ full }) => full)
  .sort();
const PURPOSE = "kms:EncryptionContext:purpose";

/** The purposes for which a function may use the key in this way, as IAM would see it; `*` without a condition. */
function purposes(room: string, name: string, action: string): string[] {
  const role = production.target(production.functionOf(room, name).properties.Role).id;
  const own = roleStatements(production).filter(
    (one) => one.role === role && one.statement.actions.includes(action) && one.statement.resources.includes(KEY),
  );
  return own.flatMap(({ statement: { conditions } }) => {
    const { StringEquals, ...others } = (conditions ?? {}) as Record<string, Record<string, string | string[]>>;
    expect(others).toEqual({});
    return StringEquals?.[PURPOSE] ?? "*";
  });
}

const who = (action: string, purpose: string) =>
  functions
    .filter(([room, name]) => purposes(room, name, action).some((one) => one === purpose || one === "*"))
    .map(([room, name]) => `${room}/${name}`)
    .sort();

/** Whose answers can hold a secret. */
const ANSWERING_SECRETS = [
  "agents/api",
  "api-keys/api",
  "audit/streams",
  "auth/api",
  "deployments/api",
  "pipelines/api",
  "scim/api",
  "sso/members",
  "webhooks/api",
];

/** Who makes and who reads the secrets of each purpose, said a second time and by itself. */
const RIGHTS: Readonly<Record<SecretPurpose, { readonly seal: string[]; readonly open: string[] }>> = {
  answers: {
    seal: ANSWERING_SECRETS,
    open: ANSWERING_SECRETS,
  },
  registrations: { seal: ["auth/api"], open: ["auth/mail"] },
  invitations: { seal: ["invitations/api"], open: ["invitations/mail"] },
  approval_links: { seal: ["approvals/mail"], open: ["approvals/mail"] },
  domain_proofs: { seal: ["domains/api"], open: ["domains/mail"] },
  password_resets: { seal: ["auth/api"], open: ["auth/mail"] },
  email_changes: { seal: ["auth/api"], open: ["auth/mail"] },
  second_factors: { seal: ["auth/api"], open: ["auth/api"] },
  pool_sessions: { seal: ["auth/api", "sso/sign_in"], open: ["auth/api", "auth/revoke", "sso/sign_in"] },
  sso_secrets: { seal: ["sso/api"], open: ["sso/api", "sso/repair"] },
  tool_headers: {
    seal: ["agents/api", "exchange/api"],
    open: [
      "agents/api",
      "deployments/hear",
      "deployments/work",
      "executions/api",
      "executions/stream",
      "runs/run_node",
    ],
  },
  node_headers: {
    seal: ["exchange/api", "panel/api", "pipelines/api"],
    open: ["exchange/api", "panel/api", "pipelines/api", "runs/run_node"],
  },
  model_keys: {
    seal: ["models/api"],
    open: [
      "agents/index_contexts",
      "deployments/hear",
      "deployments/work",
      "executions/api",
      "executions/stream",
      "runs/run_node",
    ],
  },
  trace_headers: { seal: ["telemetry/api"], open: ["telemetry/again", "telemetry/api", "telemetry/tell"] },
  // Whoever answers requests knows keys; they are made in one place.
  api_key_pepper: { seal: ["api-keys/api"], open: answering },
  audit_persons: { seal: ["audit/copies"], open: ["audit/copies", "audit/stream"] },
  audit_stream_secrets: { seal: ["audit/streams"], open: ["audit/stream_deliver", "audit/streams"] },
  gateway_keys: {
    seal: ["gateways/api"],
    open: [
      "deployments/api",
      "deployments/follow",
      "deployments/hear",
      "deployments/work",
      "gateways/api",
      "gateways/checks",
    ],
  },
  webhook_secrets: { seal: ["webhooks/api"], open: ["webhooks/attempt"] },
};

it("the keys that sign do so for what certifies erasures, for what numbers audit entries, or for what deploys, and do nothing else", () => {
  const keyOf = (whose: string) => `{${production.of("AWS::KMS::Key").find(({ id }) => id.startsWith(whose))?.id}.Arn}`;
  const roleOf = (room: string, name: string) =>
    production.target(production.functionOf(room, name).properties.Role).id;
  const uses = (key: string) =>
    roleStatements(production)
      .filter(({ statement }) => statement.resources.some((resource) => resource === key))
      .map(({ role, statement }) => [role, statement.actions]);
  const sorted = (all: ReturnType<typeof uses>) => all.sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
  const both = ["kms:GetPublicKey", "kms:Sign"];
  expect(uses(keyOf("ProofKey"))).toEqual([[roleOf("organizations", "erasure"), both]]);
  expect(sorted(uses(keyOf("HeadsKey")))).toEqual(
    sorted([
      [roleOf("audit", "api"), ["kms:GetPublicKey"]],
      [roleOf("audit", "copies"), ["kms:GetPublicKey"]],
      [roleOf("audit", "sequencer"), both],
      [roleOf("audit", "stream"), ["kms:GetPublicKey"]],
      [roleOf("audit", "upkeep"), both],
    ]),
  );
  const signing = roleStatements(production).filter(({ statement }) => statement.actions.includes("kms:Sign"));
  expect(sorted(uses(keyOf("DeploymentsKey")))).toEqual(
    sorted([
      [roleOf("deployments", "hear"), ["kms:Sign"]],
      [roleOf("deployments", "work"), ["kms:Sign"]],
      [roleOf("serving", "deploy"), ["kms:GetPublicKey"]],
      [roleOf("serving", "door"), ["kms:GetPublicKey"]],
    ]),
  );
  expect(signing).toHaveLength(5);
});

describe("the key for secrets", () => {
  it.each(secretPurposes)("is used for %s by those whose work it is, and by nobody else", (purpose) => {
    const { seal, open } = RIGHTS[purpose];
    expect([who("kms:GenerateDataKey", purpose), who("kms:Decrypt", purpose)]).toEqual([seal, open]);
  });

  it("is used by nobody for anything else", () => {
    for (const action of ["kms:Encrypt", "kms:ReEncryptFrom", "kms:GenerateDataKeyWithoutPlaintext", "kms:*"])
      expect(who(action, "*"), action).toEqual([]);
    for (const [room, name] of functions) {
      for (const action of ["kms:GenerateDataKey", "kms:Decrypt"])
        for (const purpose of purposes(room, name, action)) expect(secretPurposes).toContain(purpose);
    }
  });

  it.each(functions)("%s/%s keeps answers only where one can hold a secret", (room, name) => {
    const holds = operationsOf(room).some(
      (operation) => operation.served_by === name && operation.sensitive && takesIdempotencyKey(operation),
    );
    expect([purposes(room, name, "kms:Decrypt").includes("answers")]).toEqual([holds]);
  });
});
