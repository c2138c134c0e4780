import { Problem } from "../../../../shared/errors.ts";
import { judged, type Left, type Permitted } from "../../../../shared/http/judge.ts";
import type { OperationShape } from "../../../../shared/http/operation.ts";
import type { Policy } from "../../../../shared/policies/language.ts";

/** Whatever is asked of it; what it is of, is of this kind. */
const thingOf = (kind: string): unknown =>
  new Proxy({}, { get: (_, name) => (name === "kind" ? kind : name === "then" ? undefined : thingOf(kind)) });

let version = 0;

/** What is left of a request to the operation where everybody is denied this. */
export async function withDenied(
  operation: OperationShape,
  resource_type: string,
  action: string,
): Promise<Left | Problem> {
  version += 1;
  const policy: Policy = {
    id: "pol_1",
    name: "Nobody",
    effect: "deny",
    resource_type,
    action,
    conditions: {},
    assignments: [{ type: "organization" }],
    status: "active",
    version: 1,
  };
  const rules = { version, roles: [], policies: [policy] };
  const thing = thingOf(resource_type === "agent" ? "agent" : "pipeline");
  try {
    return await judged({
      platform: { table: { of: () => ({ get: async () => rules }) } },
      operation,
      who: { session: undefined },
      rights: {
        by: "membership",
        membership: { role: "org_admin" },
        caller: {
          organization: { id: "org_1", rules_version: version },
          principal: { type: "user", id: "usr_1" },
          grants: ["*"],
        },
      },
      facts: { ip: "10.0.0.1", user_agent: "", method: operation.method },
      at: new Date("2026-06-01T12:00:00Z"),
      body: thing,
      path: {},
      load: async () => thing,
    } as unknown as Permitted);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}
