import { sha256 } from "../../../shared/hash.ts";

/** What a link says: the organization, the approval, the approver, and 256 random bits, of which the table has the hash. */
export const formatToken = (organization_id: string, approval_id: string, user_id: string, secret: string): string =>
  [organization_id, approval_id, user_id, secret].join(".");

const ULID = "[0-9A-HJKMNP-TV-Z]{26}";
const TOKEN = new RegExp(`^(org_${ULID})\\.(apr_${ULID})\\.(usr_${ULID})\\.([A-Za-z0-9_-]{43})$`);

export interface LinkToken {
  readonly organization_id: string;
  readonly approval_id: string;
  readonly user_id: string;
  readonly secret_hash: string;
}

/** Undefined for what is no token at all. */
export function parseToken(token: string): LinkToken | undefined {
  const [, organization_id, approval_id, user_id, secret] = TOKEN.exec(token.trim()) ?? [];
  return organization_id === undefined || approval_id === undefined || user_id === undefined || secret === undefined
    ? undefined
    : { organization_id, approval_id, user_id, secret_hash: sha256(secret) };
}
