/**
 * What secrets are for. The purpose stands in the encryption context, by which the key's use is granted to each function
 * (`seal:<purpose>` and `open:<purpose>` in `room.ts`): who seals webhooks' secrets cannot open the models' keys.
 */
export const secretPurposes = [
  /** Answers that hold a secret, kept for their idempotency key. */
  "answers",
  /** Proofs of an address and of a forgotten password, and invitations, until their mail goes out. */
  "registrations",
  "invitations",
  "password_resets",
  "email_changes",
  /** Links by which approvers decide from a mail. */
  "approval_links",
  /** Links that prove a mail domain, until their mail goes out. */
  "domain_proofs",
  /** Tokens of the user pool. */
  "pool_sessions",
  /** What authenticator apps share with us. */
  "second_factors",
  /** Secrets by which companies' sign-in providers know us. */
  "sso_secrets",
  /** Headers of agents' tools and of pipelines' nodes. */
  "tool_headers",
  "node_headers",
  /** Keys of model providers. */
  "model_keys",
  /** Headers by which collectors of traces know us. */
  "trace_headers",
  /** By which collectors of audit entries know us, and what is sent to them is signed with. */
  "audit_stream_secrets",
  /** By which gateways know us. */
  "gateway_keys",
  /** What webhooks are signed with. */
  "webhook_secrets",
  /** Keys under which copies of the audit log have what is about a person. */
  "audit_persons",
  /** What the hashes of all API keys are made with. */
  "api_key_pepper",
] as const;
export type SecretPurpose = (typeof secretPurposes)[number];

/** What of an agent's secrets the built-in data plane opens by itself: sealed for it by whoever deploys. */
export const planeSecrets = ["model_keys", "tool_headers"] as const satisfies readonly SecretPurpose[];

/** Making a secret of a purpose, or reading one. */
export type SecretUse = `${"seal" | "open"}:${SecretPurpose}`;

/** A function uses secrets of a purpose that its room does not declare for it. Nothing was asked of the key service. */
export class UndeclaredSecret extends Error {
  constructor(use: string) {
    super(`this function does not declare ${use}: see its room's room.ts`);
    this.name = "UndeclaredSecret";
  }
}

/**
 * Refuses what the function's role would refuse on AWS, by the same list (`SECRET_USES`): no local AWS looks at the
 * encryption context. Without the setting, in tools and tests, everything may be used.
 * @throws UndeclaredSecret
 */
export function requireUse(setting: string | undefined, use: SecretUse): void {
  if (setting !== undefined && !setting.split(",").includes(use)) throw new UndeclaredSecret(use);
}
