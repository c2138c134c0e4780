import type { PolicyEffect } from "../../../../shared/policies/language.ts";
import type { Outcome } from "./decided.ts";
import type { Recorded } from "./recorded.ts";

/** Requests of one actor for one operation that come out otherwise, in one way. */
export interface Change {
  readonly operation: string;
  readonly resource_type: string;
  readonly action: string;
  readonly actor: Recorded["actor"];
  readonly before: PolicyEffect;
  readonly after: PolicyEffect;
  /** The policy that does not allow it, on whichever side that is; null where it is the type's default. */
  readonly policy: { readonly id: string; readonly name: string; readonly version: number } | null;
  readonly requests: number;
  readonly last_at: string;
  /** The newest of the entries. */
  readonly audit_id: string;
}

/** From what is allowed most to what is allowed least. */
const STRICTNESS: readonly PolicyEffect[] = ["allow", "require_approval", "deny"];

/** Gathers what comes out otherwise. Requests are added newest first. */
export class Changes {
  readonly #found = new Map<string, Change>();

  add({ operation = "", actor, at, audit_id }: Recorded, before: Outcome, after: Outcome): void {
    if (before.outcome === after.outcome) return;
    const { ask, policy } = after.outcome === "allow" ? before : after;
    const key = JSON.stringify([operation, ask, actor, before.outcome, after.outcome, policy?.id]);
    const known = this.#found.get(key);
    this.#found.set(
      key,
      known === undefined
        ? {
            ...{ operation, ...ask, actor, before: before.outcome, after: after.outcome },
            policy: policy === undefined ? null : { id: policy.id, name: policy.name, version: policy.version },
            ...{ requests: 1, last_at: at.toISOString(), audit_id },
          }
        : { ...known, requests: known.requests + 1 },
    );
  }

  /** What is newly allowed first, what is asked for most before what is asked for less. */
  inOrder(): Change[] {
    const rank = ({ before, after }: Change) => STRICTNESS.indexOf(after) - STRICTNESS.indexOf(before);
    return [...this.#found.values()].sort((a, b) => rank(a) - rank(b) || b.requests - a.requests);
  }
}
