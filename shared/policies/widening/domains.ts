import ipaddr from "ipaddr.js";
import { isObject } from "../../expressions/json.ts";
import { offsetAt } from "../../zones.ts";
import { type Attribute, attributes } from "../attributes.ts";
import { literalOf } from "../compile.ts";
import type { Assignment, Policy, PolicyComparison, Window } from "../language.ts";
import { minutesOf } from "../local-time.ts";
import { comparisonsOf } from "../reads.ts";

/**
 * What a request can vary in, as far as policies tell requests apart: an attribute by its path; `time` for everything that
 * clocks and calendars show, which hang together; `principal.email` with the domain that follows from it.
 */
export type Variable = string;

export const TIME: Variable = "time";

/** The variable that an attribute's value follows from. */
export function variableOf(path: string): Variable {
  if (path.startsWith("time.") || path === "context.request_time") return TIME;
  return path === "principal.email_domain" ? "principal.email" : path;
}

/** The values that are worth trying for each variable: those that policies mention, their neighbours, one that none mentions, and none. */
export type Domains = ReadonlyMap<Variable, readonly unknown[]>;

/** Texts that no policy mentions: two, so that attributes which are compared with each other can be alike and can differ. */
const OTHERS = ["~other-1", "~other-2"];

/** Lists of so many members are tried in every combination. */
const MOST_COMBINED = 5;

/** The domains of everything that these policies look at, for whom they are included. */
export function domainsOf(policies: readonly Policy[]): Domains {
  const found = new Map<Variable, { readonly comparisons: PolicyComparison[]; readonly linked: Set<Variable> }>();
  const about = (variable: Variable) => {
    const one = found.get(variable) ?? { comparisons: [], linked: new Set<Variable>() };
    found.set(variable, one);
    return one;
  };
  const compare = (comparison: PolicyComparison): void => {
    const variable = variableOf(comparison.path);
    about(variable).comparisons.push(comparison);
    const { value } = comparison;
    if (!isObject(value) || value.$ref !== "attribute" || typeof value.path !== "string") return;
    about(variable).linked.add(variableOf(value.path));
    about(variableOf(value.path)).linked.add(variable);
  };
  for (const policy of policies) {
    for (const comparison of comparisonsOf(policy.conditions)) compare(comparison);
    for (const comparison of policy.assignments.flatMap(asComparisons)) compare(comparison);
  }
  // The type is what the policies are about, not something that varies.
  found.delete("resource.type");
  return new Map(
    [...found].map(([variable, { comparisons, linked }]) => {
      const others = [...linked].flatMap((one) => (one === variable ? [] : (found.get(one)?.comparisons ?? [])));
      return [variable, valuesOf(variable, comparisons, others)];
    }),
  );
}

/** That a policy with this assignment is for whoever asks, as comparisons that all hold. */
export function asComparisons(one: Assignment): readonly PolicyComparison[] {
  switch (one.type) {
    case "organization":
      return [];
    case "role":
      return [{ path: "principal.role", op: "eq", value: one.id }];
    case "team":
      return [{ path: "principal.teams", op: "contains", value: one.id }];
    case "user":
      return [
        { path: "principal.kind", op: "eq", value: "user" },
        { path: "principal.id", op: "eq", value: one.id },
      ];
    case "api_key":
      return [{ path: "principal.api_key_id", op: "eq", value: one.id }];
  }
}

const literalsOf = (comparisons: readonly PolicyComparison[]): unknown[] =>
  comparisons.flatMap(({ value }) => {
    const literal = literalOf(value);
    return Array.isArray(literal) ? literal : [literal];
  });

function valuesOf(
  variable: Variable,
  comparisons: readonly PolicyComparison[],
  others: readonly PolicyComparison[],
): readonly unknown[] {
  if (variable === TIME) return instantsOf(comparisons, texts(literalsOf(others)));
  const attribute = attributes.get(variable);
  if (attribute === undefined) throw new Error(`there is no attribute ${variable}`);
  const mentioned = literalsOf([...comparisons, ...others]);
  const values = [...new Set(candidates(variable, attribute, mentioned, comparisons))];
  return attribute.always ? values : [undefined, ...values];
}

const texts = (values: readonly unknown[]): string[] => values.filter((value) => typeof value === "string");

function candidates(
  variable: Variable,
  attribute: Attribute,
  mentioned: readonly unknown[],
  comparisons: readonly PolicyComparison[],
): readonly unknown[] {
  switch (attribute.type) {
    case "text":
      if (attribute.values !== undefined) return attribute.values;
      if (variable === "principal.email") return emails(comparisons, texts(mentioned));
      return [...texts(mentioned), ...together(comparisons), ...OTHERS];
    case "texts":
      return combinations([...new Set([...texts(mentioned), OTHERS[0]])]);
    case "number": {
      const [least, most] = attribute.range ?? [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
      const near = mentioned.flatMap((value) => (typeof value === "number" ? [value - 1, value, value + 1] : []));
      return [least, ...near].filter((value) => value >= least && value <= most);
    }
    case "flag":
      return [true, false];
    case "time":
      return [MONDAY, ...texts(mentioned).map((text) => Date.parse(text))].flatMap((instant) =>
        Number.isNaN(instant) ? [] : [-1, 0, 1].map((by) => new Date(instant + by).toISOString()),
      );
    case "address":
      return [...texts(mentioned).flatMap(endsOf), "203.0.113.77", "2001:db8:ffff::77"];
    default:
      return [];
  }
}

/** Texts that begin with one thing and end with another. */
function together(comparisons: readonly PolicyComparison[]): string[] {
  const by = (op: string) => texts(literalsOf(comparisons.filter((one) => one.op === op)));
  return by("starts_with").flatMap((start) => by("ends_with").map((end) => `${start}${end}`));
}

function emails(comparisons: readonly PolicyComparison[], mentioned: readonly string[]): string[] {
  const domains = texts(literalsOf(comparisons.filter(({ path }) => path === "principal.email_domain")));
  return [...mentioned, ...domains.map((domain) => `somebody@${domain}`), "somebody@elsewhere.example"];
}

/** Every combination of a few members; of many, each alone, each two together, and all. */
function combinations(members: readonly (string | undefined)[]): readonly unknown[] {
  const each = members.filter((member) => member !== undefined);
  if (each.length <= MOST_COMBINED)
    return Array.from({ length: 2 ** each.length }, (_, bits) => each.filter((_member, index) => (bits >> index) & 1));
  return [[], ...each.map((one) => [one]), ...each.flatMap((a, i) => each.slice(i + 1).map((b) => [a, b])), each];
}

/** The first and the last address of a network. */
function endsOf(network: string): string[] {
  const [first, prefix] = ipaddr.parseCIDR(network);
  const bytes = first.toByteArray().map((byte, index) => {
    const host = 8 - Math.min(8, Math.max(0, prefix - index * 8));
    return byte | (2 ** host - 1);
  });
  return [first.toString(), ipaddr.fromByteArray(bytes).toString()];
}

const DAY_MS = 86_400_000;
/** A Monday; some week has to stand for all. */
const MONDAY = Date.UTC(2026, 5, 1);

/**
 * Instants at which conditions change: on each day of a week and around each date that is mentioned, each minute that is, and
 * the one before, by the clock of each zone.
 * @param others instants with which the time of the request is compared, since another attribute is compared with them
 */
function instantsOf(comparisons: readonly PolicyComparison[], others: readonly string[]): Date[] {
  const zones = new Set(["UTC"]);
  const days = new Set(Array.from({ length: 7 }, (_, index) => MONDAY + index * DAY_MS));
  const minutes = new Set([0]);
  const instants = new Set<number>();
  const around = (set: Set<number>, value: number, step: number) => {
    for (const by of [-step, 0, step]) set.add(value + by);
  };
  for (const other of others) around(instants, Date.parse(other), 1);
  for (const { path, value, zone } of comparisons) {
    if (zone !== undefined) zones.add(zone);
    // Every request has a time: whether there is one is no question.
    if (value === undefined || typeof value === "boolean" || (isObject(value) && "$ref" in value)) continue;
    for (const one of Array.isArray(value) ? value : [value]) {
      if (path === "context.request_time") around(instants, Date.parse(String(one)), 1);
      else if (path === "time.date") around(days, Date.parse(`${String(one)}T00:00:00Z`), DAY_MS);
      else if (path === "time.hour") for (const hour of [one, one + 1]) around(minutes, Number(hour) * 60, 1);
      else if (path === "time.minute") around(minutes, Number(one), 1);
      else if (path === "time.of_day")
        for (const text of [(one as Window).from, (one as Window).to]) around(minutes, minutesOf(text) ?? 0, 1);
    }
  }
  for (const day of days)
    for (const minute of minutes)
      for (const zone of zones) {
        const wall = day + minute * 60_000;
        instants.add(wall - offsetAt(zone, wall));
      }
  return [...instants].sort((a, b) => a - b).map((instant) => new Date(instant));
}
