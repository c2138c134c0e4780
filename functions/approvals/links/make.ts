import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import { sha256 } from "../../../shared/hash.ts";
import type { Sealer } from "../../../shared/http/platform.ts";
import { formatToken } from "../rules/token.ts";
import { type Approval, approvalLinkContext, approvalLinkItem } from "../store.ts";

export interface LinkDeps {
  readonly secrets: Sealer;
  /** 256 random bits as base64url. */
  readonly randomSecret: () => string;
}

/** The token of an approver's link, made when they are first mailed: each mail about the approval has the same. */
export async function linkToken(
  table: TenantTable,
  { id: approval_id, expires_at }: Pick<Approval, "id" | "expires_at">,
  user_id: string,
  { secrets, randomSecret }: LinkDeps,
): Promise<string> {
  const key = { approval_id, user_id };
  const context = approvalLinkContext(table.tenant, key);
  const there = await table.get(approvalLinkItem, key);
  if (there !== undefined) return secrets.decrypt(there.sealed_token, context);
  const secret = randomSecret();
  const token = formatToken(table.tenant, approval_id, user_id, secret);
  const sealed_token = await secrets.encrypt(token, context);
  const link = { ...key, secret_hash: sha256(secret), sealed_token, expires_at };
  try {
    await table.transact([table.writes.create(approvalLinkItem, link, lostRace)]);
    return token;
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "precondition_failed") throw error;
    // Another delivery of the same event was faster.
    const made = await table.get(approvalLinkItem, key);
    if (made === undefined) throw error;
    return secrets.decrypt(made.sealed_token, context);
  }
}
