import type { AuditEntry } from "../../../../shared/change/items.ts";
import type { ContextFacts } from "../../../../shared/policies/language.ts";

/** A request of somebody's, as far as the audit log keeps it. */
export interface Recorded {
  /** The entry that says of it; the first of several. */
  readonly audit_id: string;
  readonly at: Date;
  readonly actor: Pick<AuditEntry["actor"], "type" | "id">;
  /** Undefined where the entry is older than the log has kept it. */
  readonly operation: string | undefined;
  readonly context: Omit<ContextFacts, "operation">;
  /** Ids that it was about, the likeliest first: what the entry is about, then what its path names. */
  readonly ids: readonly string[];
}

/** Of actors by rights in the organization: others are not what policies are asked about. */
const ACTORS: readonly string[] = ["user", "api_key"];

/** The request that an entry is of. Undefined where there was none, or not by rights in the organization. */
export function recordedOf({ id, occurred_at, actor, request, resource }: AuditEntry): Recorded | undefined {
  if (request === null || !ACTORS.includes(actor.type)) return undefined;
  const { ip, user_agent, method, path } = request;
  return {
    audit_id: id,
    at: new Date(occurred_at),
    actor: { type: actor.type, id: actor.id },
    // A refusal is about the operation itself.
    operation: request.operation ?? (resource.type === "operation" ? resource.id : undefined),
    context: { ip, user_agent, method: method === "HEAD" ? "GET" : method },
    ids: [resource.id, ...path.split("/")],
  };
}
