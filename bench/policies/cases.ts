import type { Policy } from "../../shared/policies/language.ts";

/** One request as any engine is given it. */
export interface Case {
  readonly caller: { readonly id: string; readonly role: string };
  readonly action: string;
  readonly thing: { readonly type: string; readonly id: string; readonly status: string; readonly owner_id: string };
}

/** What one policy denies: this action on things of this type and status, to this role, but for one's own things. */
export interface Rule {
  readonly role: string;
  readonly type: string;
  readonly action: string;
  readonly status: string;
}

const TEN = Array.from({ length: 10 }, (_, index) => index);
const types = ["agent", "pipeline", "run", "team", "user", "workspace", "schedule", "suite", "webhook", "approval"];
const actions = ["update", "read", "delete", "execute", "deploy", "stop", "assign", "create", "cancel", "transfer"];
const roles = ["developer", ...TEN.slice(1).map((index) => `role_${index}`)];
const pick = (names: readonly string[], index: number): string => names[index % names.length] ?? "";

/** So many policies of an organization, no two about the same type, action and role: the first is about the requests. */
export const spread = (count: number): Rule[] =>
  Array.from({ length: count }, (_, index) => ({
    type: pick(types, index),
    action: pick(actions, Math.floor(index / 10)),
    role: pick(roles, Math.floor(index / 100)),
    status: "archived",
  }));

/** So many policies that are all about the requests, and of which one can hold: nothing but looking at each finds out. */
export const crowded = (count: number): Rule[] =>
  Array.from({ length: count }, (_, index) => ({
    type: pick(types, 0),
    action: pick(actions, 0),
    role: pick(roles, 0),
    status: index === count - 1 ? "archived" : `status_${index}`,
  }));

/** Requests of a developer who updates agents: half of them are denied. */
export const cases: readonly Case[] = Array.from({ length: 64 }, (_, index) => ({
  caller: { id: `usr_${index % 4}`, role: "developer" },
  action: "update",
  thing: {
    type: "agent",
    id: `agt_${index}`,
    status: index % 2 === 0 ? "archived" : "active",
    owner_id: `usr_${(index + 1) % 8}`,
  },
}));

/** The rules as policies of ours. */
export const policiesOf = (rules: readonly Rule[]): Policy[] =>
  rules.map(({ role, type, action, status }, index) => ({
    id: `pol_${index}`,
    name: `Policy ${index}`,
    effect: "deny",
    resource_type: type,
    action,
    conditions: {
      all: [
        { path: "resource.status", op: "eq", value: status },
        { path: "resource.owner_id", op: "ne", value: { $ref: "attribute", path: "principal.id" } },
      ],
    },
    assignments: [{ type: "role", id: role }],
    status: "active",
    version: 1,
  }));
