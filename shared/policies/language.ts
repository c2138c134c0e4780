/** The language of policies: what is stored, what travels in an organization's rules, what the engine takes. */

/** Deepest nesting of all, any and not. */
export const MAX_POLICY_DEPTH = 8;
/** Most comparisons and groups in the conditions of one policy. */
export const MAX_POLICY_PARTS = 200;
/** Most values in a list. */
export const MAX_VALUES = 200;
/** Longest text as a value. */
export const MAX_VALUE = 1_000;

/** A thing of the organization's, or several, by id: the room that stores policies tells which of them still exist. */
export interface ThingReference {
  readonly $ref: "resource";
  readonly type: string;
  readonly id?: string;
  readonly ids?: readonly string[];
  /** What they were called when it was said, in the order of the ids: nothing is decided by it. */
  readonly display?: { readonly name: string } | { readonly names: readonly string[] };
}

/** Another attribute of the same request: `resource.created_by eq principal.id`. */
export interface AttributeReference {
  readonly $ref: "attribute";
  readonly path: string;
}

/** Part of the day by a clock on the wall, from its first minute up to the one before its last; over midnight where `to` is not after `from`. */
export interface Window {
  /** `HH:MM`, the first minute that belongs to it. */
  readonly from: string;
  /** `HH:MM`, the first minute that does not; `24:00` is the end of the day. */
  readonly to: string;
  /** 1=Monday … 7=Sunday: the day on which it begins. Absent: every day. */
  readonly weekdays?: readonly number[];
}

/** What an attribute is compared with. Which values fit is decided by the attribute's type and the operator (`check.ts`). */
export interface PolicyComparison {
  readonly path: string;
  readonly op: string;
  readonly value?: unknown;
  /** For attributes of `time`: a name of the IANA time zone database; UTC where it is absent. */
  readonly zone?: string;
}

/** The conditions of pipelines (`shared/expressions/condition.ts`), over the attributes of a request. */
export type PolicyCondition =
  | { readonly all: readonly PolicyCondition[] }
  | { readonly any: readonly PolicyCondition[] }
  | { readonly not: PolicyCondition }
  | PolicyComparison;

/** `{}`: always. */
export type PolicyConditions = PolicyCondition | Readonly<Record<string, never>>;

export const isAlways = (conditions: PolicyConditions): conditions is Readonly<Record<string, never>> =>
  Object.keys(conditions).length === 0;

export const policyEffects = ["allow", "deny", "require_approval"] as const;
export type PolicyEffect = (typeof policyEffects)[number];

export const policyStatuses = ["draft", "shadow", "active", "inactive"] as const;
export type PolicyStatus = (typeof policyStatuses)[number];

export const assignmentTypes = ["organization", "role", "team", "user", "api_key"] as const;
export type AssignmentType = (typeof assignmentTypes)[number];

/** For whom a policy is: everybody in the organization, or whoever is or has this. */
export type Assignment =
  | { readonly type: "organization" }
  | { readonly type: Exclude<AssignmentType, "organization">; readonly id: string };

export interface Policy {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  readonly effect: PolicyEffect;
  /** A type of things, or `*`. */
  readonly resource_type: string;
  /** What is done with it, or `*`. */
  readonly action: string;
  readonly conditions: PolicyConditions;
  /** For nobody as long as there is none. */
  readonly assignments: readonly Assignment[];
  readonly status: PolicyStatus;
  readonly version: number;
}

/** A policy as it is enforced, or watched. */
export type EnforcedPolicy = Omit<Policy, "description"> & { readonly status: "active" | "shadow" };

/** What an organization's policies come to: all that a decision needs beside the request. */
export interface PolicyBundle {
  readonly policies: readonly Policy[];
  /** Types whose things nobody may touch but by a policy that allows it. All others are allowed unless denied. */
  readonly denied_by_default?: readonly string[];
}

/** Who asks. Members may be getters: only what a policy looks at is asked for. */
export interface PrincipalFacts {
  readonly kind: string;
  readonly id: string;
  /** The member for whom an API key acts: what is for them is for their keys, too. */
  readonly acts_for?: string | undefined;
  readonly email?: string | undefined;
  readonly role?: string | undefined;
  /** Ids of the teams that they are in, those above them counted. */
  readonly teams?: readonly string[] | undefined;
  readonly level?: number | undefined;
  readonly mfa?: boolean | undefined;
  readonly auth_age_minutes?: number | undefined;
  readonly session_age_minutes?: number | undefined;
  readonly api_key_id?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
}

export interface ContextFacts {
  readonly ip?: string | undefined;
  readonly user_agent?: string | undefined;
  readonly method?: string | undefined;
  readonly operation?: string | undefined;
}

/** One request, as policies see it. */
export interface PolicyRequest {
  readonly resource_type: string;
  readonly action: string;
  readonly principal: PrincipalFacts;
  /** The thing as the API shows it; of a list or of something not made yet, what is known of it. */
  readonly resource: Readonly<Record<string, unknown>>;
  readonly context: ContextFacts;
  readonly at: Date;
}
