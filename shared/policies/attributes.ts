import { principalTypes } from "../access/principal.ts";
import { environments } from "../environments.ts";
import type { ResourceType } from "../http/resource.ts";

/** What kinds of values attributes have. Which operators there are follows from it (`operators.ts`). */
export const attributeTypes = ["text", "texts", "number", "flag", "time", "date", "clock", "address"] as const;
export type AttributeType = (typeof attributeTypes)[number];

/** Things that an id can name, so that a value may be a reference to one. */
export const referableTypes = ["agent", "pipeline", "team", "user", "workspace", "role", "api_key"] as const;
export type ReferableType = (typeof referableTypes)[number];

export interface Attribute {
  readonly type: AttributeType;
  /** In a sentence: "the caller's role". */
  readonly words: string;
  readonly description: string;
  /** All the values that there are. */
  readonly values?: readonly (string | number)[];
  /** What its value is the id of. */
  readonly refers?: ReferableType | "thing";
  /** Of a number: the least and the greatest that there are. */
  readonly range?: readonly [number, number];
  /** Kept in lower case, so that it never equals anything else. */
  readonly lower_case?: boolean;
  /** Every request has it. */
  readonly always?: boolean;
}

const attribute = (
  type: AttributeType,
  words: string,
  description: string,
  more: Partial<Attribute> = {},
): Attribute => ({
  type,
  words,
  description,
  ...more,
});

const minutes = { range: [0, 10_000_000] } as const;
const always = { always: true } as const;

/** Who asks. */
const principalAttributes = {
  kind: attribute("text", "the kind of caller", "What acts: a person, an API key, a run.", {
    values: principalTypes,
    ...always,
  }),
  id: attribute("text", "the caller", "The caller's id.", { refers: "user", ...always }),
  email: attribute("text", "the caller's e-mail address", "In lower case. Missing where no person calls.", {
    lower_case: true,
  }),
  email_domain: attribute(
    "text",
    "the domain of the caller's e-mail address",
    "What stands after its @, in lower case.",
    {
      lower_case: true,
    },
  ),
  role: attribute(
    "text",
    "the caller's role",
    "A built-in role by its name, one of the organization's own by its id; of a key, its owner's.",
    {
      refers: "role",
    },
  ),
  teams: attribute(
    "texts",
    "the caller's teams",
    "Ids of their teams and of all teams above those; of a key, its owner's.",
    {
      refers: "team",
    },
  ),
  level: attribute("number", "the caller's level", "1 task performer, 2 process owner, 3 value chain owner.", {
    range: [1, 3],
  }),
  mfa: attribute("flag", "the caller has proved a second factor", "In the session by which they call."),
  auth_age_minutes: attribute(
    "number",
    "the minutes since the caller last proved who they are",
    "Whole minutes; missing where there is no session.",
    minutes,
  ),
  session_age_minutes: attribute(
    "number",
    "the minutes since the caller signed in",
    "Whole minutes; missing where there is no session.",
    minutes,
  ),
  api_key_id: attribute("text", "the caller's API key", "Its id; missing where no key calls.", { refers: "api_key" }),
  scopes: attribute("texts", "the scopes of the caller's API key", "Permissions; missing where no key calls."),
} as const;

/** How it is asked. */
const contextAttributes = {
  ip: attribute("address", "the caller's address", "IPv4 or IPv6; compared with addresses and networks (CIDR)."),
  user_agent: attribute("text", "the caller's program", "The `User-Agent` header, at most 300 characters."),
  method: attribute("text", "the method", "Of HTTP.", { values: ["GET", "POST", "PUT", "PATCH", "DELETE"] }),
  operation: attribute("text", "the operation", "Its id, like `agents.update`."),
  request_time: attribute(
    "time",
    "the time of the request",
    "An instant (RFC 3339), for dates that come once.",
    always,
  ),
} as const;

/** When it is asked, by the clocks of the condition's time zone. */
const timeAttributes = {
  hour: attribute("number", "the hour", "0 to 23.", { range: [0, 23], ...always }),
  minute: attribute("number", "the minute", "0 to 59.", { range: [0, 59], ...always }),
  weekday: attribute("number", "the day of the week", "1 is Monday, 7 is Sunday.", {
    range: [1, 7],
    values: [1, 2, 3, 4, 5, 6, 7],
    ...always,
  }),
  date: attribute("date", "the date", "`YYYY-MM-DD`.", always),
  of_day: attribute(
    "clock",
    "the time of day",
    "For windows like 22:00 to 06:00. Over midnight a window belongs to the day on which it begins. An hour that clocks show twice counts both times.",
    always,
  ),
} as const;

/** The fields of things, as the API shows them under the same names. A name means the same in every type that has it. */
const resourceAttributes = {
  type: attribute("text", "the type of the thing", "`agent`, `pipeline` …", always),
  id: attribute("text", "the thing", "Its id; missing for what is not made yet.", { refers: "thing" }),
  name: attribute("text", "the thing's name", "As people see it."),
  status: attribute("text", "the thing's status", "As the API shows it: `active`, `archived` …"),
  environment: attribute("text", "the thing's environment", "For which it is meant.", {
    values: environments,
  }),
  workspace_ids: attribute("texts", "the thing's workspaces", "Ids of the workspaces that it is in.", {
    refers: "workspace",
  }),
  tags: attribute("texts", "the thing's tags", "All of them."),
  owner_id: attribute("text", "the thing's owner", "The member who looks after it.", { refers: "user" }),
  created_by: attribute("text", "the thing's maker", "The id of who made it.", { refers: "user" }),
  created_at: attribute("time", "the time at which the thing was made", "An instant (RFC 3339)."),
  agent_type: attribute("text", "the agent's type", "As it was made."),
  model_id: attribute("text", "the agent's model", "`provider/model`."),
  mode: attribute("text", "the run's mode", "A `test` of the test panel, or `live`.", { values: ["live", "test"] }),
  labels: attribute("texts", "the run's labels", "All of them."),
  started_by: attribute(
    "text",
    "the run's starter",
    "The id of the member, the API key or the schedule that started it.",
  ),
} as const;

export type ResourceAttribute = keyof typeof resourceAttributes;

const roots = {
  principal: principalAttributes,
  resource: resourceAttributes,
  context: contextAttributes,
  time: timeAttributes,
} as const satisfies Record<string, Readonly<Record<string, Attribute>>>;
export type Root = keyof typeof roots;

/** Every attribute that a condition can name, by its path. Documentation, checks, sentences and evaluation derive from it. */
export const attributes: ReadonlyMap<string, Attribute> = new Map(
  Object.entries(roots).flatMap(([root, members]) =>
    Object.entries(members).map(([name, one]): [string, Attribute] => [`${root}.${name}`, one]),
  ),
);

/**
 * The attributes that things of a type have beside `type` and `id`: fields of what the API shows of them, in lists too. Of a type
 * that is not here a condition can only look at `resource.type`.
 */
export const attributesOfType = {
  agent: ["name", "status", "workspace_ids", "tags", "owner_id", "created_by", "created_at", "agent_type", "model_id"],
  pipeline: ["name", "status", "workspace_ids", "tags", "owner_id", "created_by", "created_at"],
  workspace: ["name", "status", "environment", "created_by", "created_at"],
  gateway: ["name", "environment", "created_by", "created_at"],
  deployment: ["name", "status", "environment", "workspace_ids", "created_by", "created_at"],
  webhook: ["name", "status", "owner_id", "created_by", "created_at"],
  schedule: ["name", "status", "owner_id", "created_by", "created_at"],
  api_key: ["name", "status", "created_by", "created_at"],
  team: ["name", "created_by", "created_at"],
  run: ["status", "mode", "labels", "started_by", "created_at"],
} as const satisfies Partial<Record<ResourceType, readonly ResourceAttribute[]>>;

export type DescribedType = keyof typeof attributesOfType;

const described: Readonly<Record<string, readonly string[]>> = attributesOfType;

/** Names of the attributes that things of this type have beside their type; none where it is not described. */
export const namesOfType = (resource_type: string): readonly string[] =>
  Object.hasOwn(described, resource_type) ? ["id", ...(described[resource_type] ?? [])] : [];

/** Whether things of this type can have the attribute; of `*`, whether things of any type can. */
export function typeHas(resource_type: string, name: string): boolean {
  if (name === "type") return true;
  const types = resource_type === "*" ? Object.keys(described) : [resource_type];
  return types.some((type) => namesOfType(type).includes(name));
}

/** What of a thing policies look at: its fields as the API shows them. */
export type PolicySubject = Readonly<Partial<Record<ResourceAttribute, unknown>>>;
