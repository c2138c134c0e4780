import { levelOf } from "../../../shared/access/levels.ts";
import { type Considered, explain, type Turn } from "../../../shared/policies/explain.ts";
import { fieldsOf } from "../../../shared/policies/fields.ts";
import type {
  ContextFacts,
  Policy,
  PolicyBundle,
  PolicyRequest,
  PrincipalFacts,
} from "../../../shared/policies/language.ts";
import { comparisonInWords, conditionsInWords } from "../../../shared/policies/words.ts";
import type { Ask } from "./targets.ts";

/** A request that is tried: who asks, about what, how and when. */
export interface Tried {
  readonly principal: PrincipalFacts;
  /** Fields of the thing. What a type does not have, policies on it do not see. */
  readonly resource: Readonly<Record<string, unknown>>;
  readonly context: ContextFacts;
  readonly at: Date;
}

/** Whoever is described: nobody in particular, and the level follows from the role, but for what is said otherwise. */
export function whoIs(described: Partial<PrincipalFacts>): PrincipalFacts {
  const level = described.role === undefined ? {} : { level: levelOf(described.role) };
  return { kind: "user", id: "~somebody", ...level, ...described };
}

/** The request, as the engine takes it. */
export const requestFor = (ask: Ask, { principal, resource, context, at }: Tried): PolicyRequest => ({
  ...ask,
  principal,
  resource: fieldsOf(ask.resource_type, resource),
  context,
  at,
});

const MOST_CONSIDERED = 100;

/** Decides a request as dispatch would, and says why. */
export function tried(bundle: PolicyBundle, ask: Ask, request: Tried) {
  const { decision, considered, nearest } = explain(bundle, requestFor(ask, request));
  const { outcome, by, policy } = decision;
  return {
    ...ask,
    outcome,
    by,
    policy: policy === undefined ? null : named(policy),
    considered: considered.slice(0, MOST_CONSIDERED).map(shown),
    nearest: nearest === null ? null : nearest.map(turned),
  };
}
type Decided = ReturnType<typeof tried>;

/** The decisions on all that a request asks, in order; the first that does not allow is the outcome. */
export function triedAll(bundle: PolicyBundle, asks: readonly Ask[], request: Tried) {
  const decisions = asks.map((ask) => tried(bundle, ask, request));
  const outcome = decisions.find((one) => one.outcome !== "allow")?.outcome ?? ("allow" as Decided["outcome"]);
  return { outcome, decisions };
}

const named = ({ id, name, version }: Policy) => ({ id, name, version });

const shown = ({ policy, applies, holds, reasons }: Considered) => ({
  ...named(policy),
  effect: policy.effect,
  applies,
  holds,
  reasons: reasons.map(({ at, comparison, held }) => ({
    path: pathOf(at),
    sentence: held ? comparisonInWords(comparison) : conditionsInWords({ not: comparison }),
    held,
  })),
});

const turned = ({ policy, at, comparison, must_hold }: Turn) => ({
  policy_id: policy.id,
  path: pathOf(at),
  sentence: must_hold ? comparisonInWords(comparison) : conditionsInWords({ not: comparison }),
});

const pathOf = (at: readonly (string | number)[]): string => ["conditions", ...at].join(".");
