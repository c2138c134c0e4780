import type {
  Policy,
  PolicyBundle,
  PolicyComparison,
  PolicyConditions,
  PolicyRequest,
  Window,
} from "../../../../shared/policies/language.ts";

/**
 * Decides as the words of the language say it, as slowly and as plainly as can be, and with nothing of the engine's: what the
 * engine is held against.
 */
export function slowDecide(
  { policies, denied_by_default = [] }: PolicyBundle,
  request: PolicyRequest,
): "allow" | "deny" {
  const matching = policies.filter(
    (policy) =>
      policy.status === "active" &&
      (policy.resource_type === "*" || policy.resource_type === request.resource_type) &&
      (policy.action === "*" || policy.action === request.action) &&
      isFor(policy, request) &&
      slowHolds(policy.conditions, request),
  );
  if (matching.some(({ effect }) => effect === "deny")) return "deny";
  if (matching.some(({ effect }) => effect === "allow")) return "allow";
  return denied_by_default.includes(request.resource_type) ? "deny" : "allow";
}

const isFor = ({ assignments }: Policy, { principal }: PolicyRequest): boolean =>
  assignments.some((one) => {
    if (one.type === "organization") return true;
    if (one.type === "role") return principal.role === one.id;
    if (one.type === "team") return principal.teams?.includes(one.id) === true;
    if (one.type === "user") return principal.kind === "user" && principal.id === one.id;
    return principal.api_key_id === one.id;
  });

export function slowHolds(conditions: PolicyConditions, request: PolicyRequest): boolean {
  if ("all" in conditions)
    return (conditions.all as PolicyConditions[]).filter((one) => !slowHolds(one, request)).length === 0;
  if ("any" in conditions)
    return (conditions.any as PolicyConditions[]).filter((one) => slowHolds(one, request)).length > 0;
  if ("not" in conditions) return !slowHolds(conditions.not as PolicyConditions, request);
  return "path" in conditions ? slowCompare(conditions as PolicyComparison, request) : true;
}

function slowCompare({ path, op, value, zone }: PolicyComparison, request: PolicyRequest): boolean {
  const actual = slowRead(path, request, zone ?? "UTC");
  const ref = value as { $ref?: string; path?: string; id?: string; ids?: string[] } | undefined;
  const wanted: unknown =
    ref?.$ref === "attribute"
      ? slowRead(ref.path ?? "", request, "UTC")
      : ref?.$ref === "resource"
        ? (ref.ids ?? ref.id)
        : value;
  const there = actual !== undefined && actual !== null;
  if (op === "exists") return wanted === false ? !there : there;
  if (op === "not_exists") return !there;
  if (op === "is_empty")
    return (!there || actual === "" || (Array.isArray(actual) && actual.length === 0)) === (wanted !== false);
  if (op === "within") return slowWithin(value as Window, request.at, zone ?? "UTC");
  if (op === "ne") return !slowCompare({ path, op: "eq", value, ...(zone && { zone }) }, request);
  if (op === "not_in") return !slowCompare({ path, op: "in", value, ...(zone && { zone }) }, request);
  if (op === "not_contains") return !slowCompare({ path, op: "contains", value, ...(zone && { zone }) }, request);
  if (!there || wanted === undefined || wanted === null) return false;
  const list = Array.isArray(wanted) ? wanted : [wanted];
  if (path === "context.ip") return list.some((network) => inNetwork(String(actual), String(network)));
  if (op === "in") return Array.isArray(actual) ? actual.some((one) => list.includes(one)) : list.includes(actual);
  if (op === "eq") return actual === wanted;
  if (op === "contains") return (actual as string | string[]).includes(wanted as string);
  if (op === "starts_with") return String(actual).slice(0, String(wanted).length) === wanted;
  if (op === "ends_with")
    return (
      [...String(actual)]
        .reverse()
        .join("")
        .indexOf([...String(wanted)].reverse().join("")) === 0
    );
  if (op === "matches") return new RegExp(String(wanted)).test(String(actual));
  const [left, right] = [rank(actual), rank(wanted)];
  if (op === "gt") return left > right;
  if (op === "gte") return left >= right;
  if (op === "lt") return left < right;
  if (op === "lte") return left <= right;
  if (op === "between") return left >= rank(list[0]) && left <= rank(list[1]);
  throw new Error(`what is ${op}?`);
}

/** Dates and instants as numbers: another way than comparing texts. */
const rank = (value: unknown): number => (typeof value === "number" ? value : Date.parse(String(value)));

function slowRead(path: string, request: PolicyRequest, zone: string): unknown {
  const [root, name = ""] = path.split(".");
  if (path === "principal.email_domain") return request.principal.email?.split("@").at(-1);
  if (path === "resource.type") return request.resource_type;
  if (path === "context.request_time") return request.at.toISOString();
  if (root === "time") return slowClock(request.at, zone)[name as "hour"];
  return (request[root as "principal"] as unknown as Record<string, unknown>)[name];
}

const weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** Asks the calendar of the zone anew, part by part. */
export function slowClock(at: Date, zone: string) {
  const part = (options: Intl.DateTimeFormatOptions, type: string): string =>
    new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options }).formatToParts(at).find((one) => one.type === type)
      ?.value ?? "";
  const two = (text: string) => text.padStart(2, "0");
  return {
    hour: Number(part({ hour: "2-digit", hourCycle: "h23" }, "hour")),
    minute: Number(part({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, "minute")),
    weekday: weekdays.indexOf(part({ weekday: "short" }, "weekday")) + 1,
    date: `${part({ year: "numeric" }, "year")}-${two(part({ month: "numeric" }, "month"))}-${two(part({ day: "numeric" }, "day"))}`,
  };
}

/** Walks through the window minute by minute, from each day on which it begins. */
export function slowWithin(
  { from, to, weekdays: days = [1, 2, 3, 4, 5, 6, 7] }: Window,
  at: Date,
  zone: string,
): boolean {
  const { hour, minute, weekday } = slowClock(at, zone);
  const minutes = (text: string): number => Number(text.split(":")[0]) * 60 + Number(text.split(":")[1]);
  const length = (minutes(to) - minutes(from) + 1_440) % 1_440 || 1_440;
  return days.some((day) => {
    const begin = (day - 1) * 1_440 + minutes(from);
    for (let passed = 0; passed < length; passed++)
      if ((begin + passed) % 10_080 === (weekday - 1) * 1_440 + hour * 60 + minute) return true;
    return false;
  });
}

function inNetwork(address: string, network: string): boolean {
  const [first = "", bits] = network.split("/");
  if (first.includes(":") !== address.includes(":")) return false;
  const ours = bitsOf(address);
  return ours.startsWith(bitsOf(first).slice(0, bits === undefined ? ours.length : Number(bits)));
}

/** An address as a text of zeros and ones. */
function bitsOf(address: string): string {
  if (!address.includes(":"))
    return address
      .split(".")
      .map((part) => Number(part).toString(2).padStart(8, "0"))
      .join("");
  const [head = "", tail] = address.split("::");
  const groups = (text: string): string[] => (text === "" ? [] : text.split(":"));
  const [left, right] = [groups(head), groups(tail ?? "")];
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...zeros, ...right]
    .map((group) => Number.parseInt(group, 16).toString(2).padStart(16, "0"))
    .join("");
}
