import type { Principal } from "../../../shared/access/principal.ts";
import { commitChange } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import type { RequestFacts } from "../../../shared/change/items.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { isGone, organizationItem, PLATFORM, type User, userItem } from "../../../shared/identity/items.ts";
import type { PlatformProvider } from "../../../shared/identity/platform-providers.ts";
import { retentionOf } from "../../../shared/limits/retention.ts";
import type { Trace } from "../../../shared/tracing/context.ts";
import { ssoEvents } from "../events.ts";
import type { SignInDeps } from "../flow/deps.ts";
import type { Refusal } from "../model.ts";
import type { SignIn } from "../store.ts";
import type { Judged } from "./judge.ts";

/** Whom a refusal concerns: where they belong, and who they are if they are known. */
interface Concerned {
  readonly organization_id: string;
  readonly user_id: string | null;
}

export interface EverybodysRefusal {
  readonly provider: PlatformProvider;
  readonly purpose: "sign_in" | "link";
  readonly reason: Refusal;
  /** Undefined where it is nobody here. */
  readonly concerns: Concerned | undefined;
}

interface Call {
  readonly at: Date;
  readonly request: RequestFacts;
  readonly trace: Trace;
}

/**
 * Whom a refused sign-in concerns: whose sign-in it is, or whose address the provider has proved; else the organization
 * that invited the address or has proved its domain. What shows nothing of anybody concerns nobody, whatever it claims.
 */
export function concernedBy({ decision, user, organization }: Judged): Concerned | undefined {
  if (user !== undefined) return ofUser(user);
  const joins = decision.kind === "new" || (decision.kind === "refused" && decision.reason === "method_not_taken");
  return joins && organization !== undefined ? { organization_id: organization.id, user_id: null } : undefined;
}

/** Whom a refused link concerns: who has asked for it. */
export async function concernedByLink(
  { table }: Pick<SignInDeps, "table">,
  { asked_by }: Pick<SignIn, "asked_by">,
): Promise<Concerned | undefined> {
  const user = asked_by && (await table.of(PLATFORM).get(userItem, { id: asked_by.user_id }));
  return user && ofUser(user);
}

const ofUser = ({ id, default_organization_id }: User): Concerned => ({
  organization_id: default_organization_id,
  user_id: id,
});

/**
 * Tells of somebody who does not get what they came for through a provider that is everybody's. A line of the operator's
 * log always; the trail of an organization only where it is concerned, which takes a proof by the provider or a member who
 * has asked: a stranger fills nobody's.
 * @param stored what ends with it
 */
export async function tellRefused(
  { at, request, trace }: Call,
  { table, log }: Pick<SignInDeps, "table" | "log">,
  { provider, purpose, reason, concerns }: EverybodysRefusal,
  stored: readonly Write[] = [],
): Promise<void> {
  log.info("sign_in.refused", { provider, reason, request_id: request.id });
  const organization = concerns && (await table.of(concerns.organization_id).get(organizationItem, {}));
  if (concerns === undefined || organization === undefined || isGone(organization)) {
    if (stored.length > 0) await table.transact(stored);
    return;
  }
  const { id: tenant, name } = organization;
  const { user_id } = concerns;
  const asker: Principal | undefined =
    purpose === "link" && user_id !== null ? { type: "user", id: user_id } : undefined;
  const context = {
    tenant,
    actor: asker ?? { type: "system", id: "anonymous" },
    at,
    trace_id: trace.trace_id,
    request,
    audit_days: retentionOf(organization).audit_days,
  } as const;
  const data = { provider, purpose, user_id, reason };
  await commitChange(table, context, {
    writes: stored,
    events: [draft(ssoEvents, "sso.platform_sign_in_refused", { id: tenant, name }, data, { reason })],
  });
}
