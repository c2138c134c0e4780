import { OWNER } from "../../../../shared/identity/owners.ts";
import { namesOfType } from "../../../../shared/policies/attributes.ts";
import type { CompiledPolicies, Decision } from "../../../../shared/policies/decide.ts";
import type { PolicyEffect } from "../../../../shared/policies/language.ts";
import type { Ask } from "../../rules/targets.ts";
import { requestFor, type Tried } from "../../rules/trial.ts";

/** A recorded request, with what was found of who made it and what it was about. */
export interface Found extends Tried {
  readonly asks: readonly Ask[];
  /** Of what type the thing is; undefined where none was found. */
  readonly type: string | undefined;
}

/** Why it is not known how a request comes out. */
export type Unknown = "not_recorded" | "not_there";

/** What a decision about a person may hang on and no entry says. A key has no session, and so none of these. */
const UNRECORDED = ["principal.mfa", "principal.auth_age_minutes", "principal.session_age_minutes"] as const;

/** How a request comes out: what does not allow it, of the first thing asked that is not allowed. */
export interface Outcome {
  readonly outcome: PolicyEffect;
  readonly ask: Ask;
  readonly policy: Decision["policy"];
}

/**
 * How a request comes out by these policies, as dispatch would have it: each thing asked is decided, the first that is not allowed is
 * the outcome. A thing that is changed is looked at as it is: what was sent is not recorded.
 */
export function decided(policies: CompiledPolicies, request: Found): Outcome | Unknown {
  let outcome: Outcome | undefined;
  for (const ask of request.asks) {
    if (ask.resource_type === "policy" && request.principal.role === OWNER) continue;
    const asked = requestFor(ask, { ...request, resource: request.type === ask.resource_type ? request.resource : {} });
    const reads = policies.reads(ask.resource_type, ask.action);
    if (request.principal.kind === "user" && reads !== undefined && UNRECORDED.some((name) => reads.has(name)))
      return "not_recorded";
    const looks = policies.looksAtThings(asked) !== undefined && namesOfType(ask.resource_type).length > 0;
    if (looks && request.type !== ask.resource_type) return "not_there";
    const decision = policies.decide(asked);
    if (decision.outcome !== "allow") outcome ??= { outcome: decision.outcome, ask, policy: decision.policy };
  }
  const [ask] = request.asks;
  if (ask === undefined) throw new Error("nothing is asked");
  return outcome ?? { outcome: "allow", ask, policy: undefined };
}
