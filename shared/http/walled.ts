import type { Authentication } from "../access/authenticate.ts";
import { Problem } from "../errors.ts";
import { piecesWithin, withinTenant } from "../tenancy/scope.ts";
import type { Answer } from "./answer.ts";
import type { OperationShape } from "./operation.ts";
import { actsInOrganization } from "./permit.ts";
import type { Platform } from "./platform.ts";

/**
 * Gets credentials that reach one organization, for a request that acts in one by rights there, and runs what answers it with them. They are on
 * their way while the request is counted. Everything else runs by the function's own role: who calls, and what people do
 * about themselves, is no organization's.
 */
export function walled(
  { tenants }: Pick<Platform, "tenants">,
  operation: OperationShape,
  who: Authentication | Problem | null,
): (work: () => Promise<Answer>) => Promise<Answer> {
  if (tenants === undefined || who === null || who instanceof Problem || who.rights instanceof Problem)
    return (work) => work();
  if (!actsInOrganization(operation)) return (work) => work();
  const tenant = who.rights.caller.organization.id;
  const credentials = tenants.of(tenant);
  // A request that its limit refuses does not wait for them.
  credentials.catch(() => undefined);
  return async (work) => {
    await credentials;
    const answer = await withinTenant(tenant, work);
    const { body } = answer;
    if (typeof body === "string" || body instanceof Uint8Array) return answer;
    return { ...answer, body: piecesWithin(tenant, body) };
  };
}
