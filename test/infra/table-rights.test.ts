import { describe, expect, it } from "vitest";
import { declaredItemsOfAllRooms } from "../../docs/render/items.ts";
import { rooms } from "../../functions/rooms.ts";
import { primaryKey } from "../../shared/dynamo/item.ts";
import { REQUEST_WRITES, touchesOf, writesOf } from "../../shared/room.ts";
import { roleStatements, type Statement, synthesize } from "./support.ts";

const production = synthesize("production");
const items = await declaredItemsOfAllRooms();
/** It erases organizations, of which it may remove everything: see its own test. */
const ERASER = "organizations/erasure";
const functions = rooms
  .flatMap((room) =>
    Object.entries(room.functions).map(([name, data]) => [`${room.name}/${name}`, room.name, name, data] as const),
  )
  .filter(([full]) => full !== ERASER);

type Action = "PutItem" | "UpdateItem" | "DeleteItem";
const ACTIONS: readonly Action[] = ["PutItem", "UpdateItem", "DeleteItem"];

/** Patterns as IAM compares with `StringLike`. */
const like = (patterns: readonly string[]): RegExp =>
  new RegExp(
    `^(${patterns.map((pattern) => pattern.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")).join("|")})$`,
  );

const allStatementsOf = (room: string, name: string): Statement[] => {
  const role = production.target(production.functionOf(room, name).properties.Role);
  return roleStatements(production).flatMap(({ role: of, statement }) => (of === role.id ? [statement] : []));
};
const isBoundToAttributes = ({ conditions }: Statement): boolean =>
  JSON.stringify(conditions ?? {}).includes("dynamodb:Attributes");

/** What is bound to single attributes is looked at by itself. */
const statementsOf = (room: string, name: string): Statement[] =>
  allStatementsOf(room, name).filter((statement) => !isBoundToAttributes(statement));

/** Keys that a function's role may do something to: where a request names several, each of them has to be such a one. */
const keysOf = new Map(
  functions.flatMap(([full, room, name]) => {
    const own = statementsOf(room, name);
    return ACTIONS.map((action) => {
      const patterns = own.flatMap(({ actions, conditions }) => {
        if (!actions.includes(`dynamodb:${action}`)) return [];
        const { "ForAllValues:StringLike": every, Null: absent } = conditions as Record<
          string,
          Record<string, string[]>
        >;
        expect(absent).toEqual({ "dynamodb:LeadingKeys": "false" });
        return every?.["dynamodb:LeadingKeys"] ?? [];
      });
      return [`${full} ${action}`, like(patterns)] as const;
    });
  }),
);

/** Whether the function's role may do this to an item of this type, of an organization or of the platform. */
function may(room: string, name: string, action: Action, type: string): boolean {
  const definition = items.find((item) => item.type === type);
  if (definition === undefined) throw new Error(`there is no item ${type}`);
  const fields = Object.fromEntries(Object.keys(definition.schema.shape).map((field) => [field, "a_1"]));
  const answers = ["org_1", "platform"].map(
    (tenant) => keysOf.get(`${room}/${name} ${action}`)?.test(primaryKey(definition, tenant, fields).pk) === true,
  );
  expect(new Set(answers).size).toBe(1);
  return answers[0] === true;
}

const whoMay = (action: Action, type: string): string[] =>
  functions.filter(([, room, name]) => may(room, name, action, type)).map(([full]) => full);

/** Who people are, what they may do, and what organizations are: a second time and by itself. */
const GUARDED: Readonly<Record<string, readonly string[]>> = {
  session: ["auth/api", "auth/revoke", "sso/members", "sso/repair", "sso/sign_in"],
  user: [
    "auth/api",
    "auth/revoke",
    "scim/directory",
    "sso/erasure",
    "sso/members",
    "sso/repair",
    "sso/sign_in",
    "users/api",
  ],
  user_organization: ["auth/api", "invitations/api", "organizations/api", "scim/directory", "sso/sign_in", "users/api"],
  membership: [
    "access/deletion",
    "auth/api",
    "invitations/api",
    "organizations/api",
    "scim/directory",
    "scim/groups",
    "sso/sign_in",
    "users/api",
    "users/finding",
  ],
  owner_count: ["auth/api", "invitations/api", "organizations/api", "scim/directory", "sso/sign_in", "users/api"],
  api_key: ["api-keys/api", "api-keys/due", "api-keys/leaks", "departures/departure"],
  api_key_pepper: ["api-keys/api"],
  service_account: ["api-keys/api"],
  operator: [],
  operator_access: ["operators/access_end", "operators/api"],
  operator_access_place: ["operators/api"],
  organization: [
    "access/api",
    "access/deletion",
    "auth/api",
    "operators/api",
    "organizations/api",
    "policies/api",
    "sso/members",
  ],
  ownership_transfer: ["organizations/api", "organizations/expiry"],
  founder: ["auth/api", "organizations/api"],
  organization_slug: ["auth/api", "organizations/api"],
  organization_term: ["auth/api", "operators/api", "organizations/api"],
  email: ["auth/api", "scim/directory", "sso/sign_in"],
  pool_account: ["auth/api", "sso/members", "sso/repair", "sso/sign_in"],
  registration: ["auth/api"],
  domain_owner: ["domains/api", "domains/checks", "operators/api"],
  domain: ["domains/api", "domains/checks", "operators/api"],
  claimed_domain: ["domains/api", "operators/api"],
  invitation: ["auth/api", "departures/departure", "invitations/api", "invitations/expiry", "sso/sign_in"],
  role_invitation: ["auth/api", "departures/departure", "invitations/api", "invitations/expiry", "sso/sign_in"],
  access_rules: ["access/api", "access/deletion", "policies/api"],
  role: ["access/api", "access/deletion"],
  role_name: ["access/api", "access/deletion"],
  removal: ["departures/departure", "scim/directory", "users/api"],
  password_reset: ["auth/api"],
  second_factor: ["auth/api"],
  mfa_challenge: ["auth/api"],
  email_change: ["auth/api"],
  known_place: ["auth/api", "sso/sign_in"],
  sign_in_attempts: ["auth/api", "sso/sign_in"],
  throttle_counter: ["auth/api"],
  workspace_member: [
    "auth/api",
    "departures/departure",
    "invitations/api",
    "organizations/api",
    "sso/sign_in",
    "workspaces/api",
    "workspaces/expiry",
    "workspaces/members",
  ],
  team_member: [
    "auth/api",
    "departures/departure",
    "invitations/api",
    "scim/directory",
    "scim/groups",
    "sso/sign_in",
    "teams/api",
    "teams/members",
  ],
  user_teams: [
    "auth/api",
    "departures/departure",
    "invitations/api",
    "scim/directory",
    "scim/groups",
    "sso/sign_in",
    "teams/api",
    "teams/members",
  ],
  sso_connection: ["sso/api", "sso/erasure", "sso/metadata", "sso/repair"],
  sso_connection_place: ["sso/api", "sso/erasure", "sso/repair"],
  sso_identity: ["sso/members", "sso/repair", "sso/sign_in"],
  user_identity: ["sso/members", "sso/repair", "sso/sign_in"],
  sso_sign_in: ["sso/members", "sso/sign_in"],
  scim_token: ["scim/api"],
  scim_group: ["scim/directory", "scim/groups"],
  scim_settings: ["scim/api"],
  scim_user: ["scim/directory", "scim/leavers"],
  scim_user_name: ["scim/directory", "scim/leavers"],
  audit_check: ["audit/sequencer", "audit/upkeep"],
  audit_head: ["audit/sequencer", "audit/upkeep"],
  audit_leaf: ["audit/sequencer", "audit/upkeep"],
  audit_number: ["audit/sequencer", "audit/upkeep"],
  audit_tree: ["audit/sequencer", "audit/upkeep"],
  audit_copied: ["audit/copies"],
  audit_copy: ["audit/copies"],
  audit_person_key: ["audit/copies", "audit/upkeep"],
  legal_hold: ["audit/api"],
  audit_stream: ["audit/stream_deliver", "audit/streams"],
  audit_stream_place: ["audit/stream_deliver", "audit/streams"],
  gateway: ["gateways/api", "gateways/checks"],
  team_tree: ["scim/directory", "scim/groups", "teams/api", "teams/members"],
};

describe("what functions may write in the table", () => {
  it.each(functions)("%s: what its room says, each action in one statement", (_, room, name, data) => {
    const declared = writesOf(data);
    for (const action of ACTIONS) {
      const own = statementsOf(room, name).filter(({ actions }) => actions.includes(`dynamodb:${action}`));
      expect(own.length).toBeLessThanOrEqual(1);
      const once = (type: string) => items.find((item) => item.type === type)?.append_only === true;
      const wanted = declared.filter((type) => action === "PutItem" || !once(type));
      expect(wanted.filter((type) => !may(room, name, action, type))).toEqual([]);
    }
    const { Environment } = production.functionOf(room, name).properties;
    expect(Environment.Variables.TABLE_WRITES).toBe([...declared, ...touchesOf(data)].join(","));
  });

  it.each(Object.entries(GUARDED))("%s: written by those whose work it is, and by nobody else", (type, names) => {
    for (const action of ACTIONS) {
      const others = whoMay(action, type).filter((name) => !names.includes(name));
      expect(others, `${action} of ${type}`).toEqual([]);
    }
  });

  it("whoever answers requests sets of a session when it was last seen, of a member the day, of an API key its use, SCIM of its token when it was used, who calls models of an organization which are left alone, who erases persons of an audit entry what is about them, who copies the log that all of it is copied, and nothing else", () => {
    const bounds: Readonly<Record<string, readonly string[]>> = {
      "T#*#SESSIONS#*": ["last_seen_at", "longest_idle_seconds"],
      "T#*#MEMBERS": ["last_seen_on", "gsi4pk", "gsi4sk"],
      "T#*#API_KEY#*": ["last_used_at", "last_used_ip"],
      "T#*#SCIM_TOKENS": ["last_used_at"],
      "T#*#ORGANIZATION": ["open_circuits"],
      "T#*#AUDIT#*": [
        "actor",
        "actor_key",
        "changes",
        "erased",
        "gsi1pk",
        "gsi1sk",
        "gsi2pk",
        "gsi2sk",
        "reason",
        "request",
        "resource",
        "resource_key",
        "salts",
      ],
      "T#*#AUDIT_TREE": ["copying"],
    };
    const callsModels = ["executions/api", "executions/stream", "models/api", "runs/run_node"];
    for (const [full, room, name, { trigger }] of functions) {
      const answers = trigger.kind === "api" || trigger.kind === "stream";
      const keys = [
        ...(answers ? ["T#*#SESSIONS#*", "T#*#MEMBERS", "T#*#API_KEY#*"] : []),
        ...(full === "scim/directory" ? ["T#*#SCIM_TOKENS"] : []),
        ...(callsModels.includes(full) ? ["T#*#ORGANIZATION"] : []),
        ...(full === "audit/upkeep" ? ["T#*#AUDIT#*"] : []),
        ...(full === "audit/copies" ? ["T#*#AUDIT_TREE"] : []),
      ];
      const bound = allStatementsOf(room, name).filter(isBoundToAttributes);
      expect([full, bound.length]).toEqual([full, keys.length]);
      for (const [i, { actions, conditions }] of bound.entries()) {
        expect(actions).toEqual(["dynamodb:UpdateItem"]);
        expect(conditions).toEqual({
          "ForAllValues:StringLike": { "dynamodb:LeadingKeys": [keys[i]] },
          "ForAllValues:StringEquals": { "dynamodb:Attributes": ["pk", "sk", ...(bounds[keys[i] ?? ""] ?? [])] },
          StringEqualsIfExists: { "dynamodb:ReturnValues": "NONE" },
          Null: { "dynamodb:LeadingKeys": "false", "dynamodb:Attributes": "false" },
        });
      }
    }
  });

  it("nobody may change or remove an entry of the audit trail or an event, and no more add one than make changes", () => {
    for (const type of [
      "audit_entry",
      "audit_head",
      "audit_leaf",
      "audit_number",
      "event",
      "operator_access_use",
      "api_key_pepper",
    ]) {
      expect(whoMay("UpdateItem", type)).toEqual([]);
      expect(whoMay("DeleteItem", type)).toEqual([]);
      const makers = functions.filter(([, , , data]) => writesOf(data).includes(type)).map(([full]) => full);
      expect(whoMay("PutItem", type)).toEqual(makers);
      expect(makers.length).toBeLessThan(functions.length);
    }
  });

  it("agents-api reaches nothing of the platform but what every request leaves, and what is due", () => {
    const reached = items.filter(({ type }) => ACTIONS.some((action) => may("agents", "api", action, type)));
    const every = [...REQUEST_WRITES, "due"] as readonly string[];
    const own = reached.map(({ type }) => type).filter((type) => !every.includes(type));
    // What shares a partition with an item that it writes is written with the same right.
    expect(own.sort()).toEqual([
      "agent",
      "agent_context",
      "agent_name",
      "agent_thread",
      "agent_thread_turn",
      "agent_tool",
      "agent_tool_pins",
      "agent_use",
      "agent_version",
      "agent_workspace",
      "lease_count",
      "owned",
      "pipeline_workspace",
      "quota",
      "workspace",
      "workspace_resource",
    ]);
  });

  it("one function reads the whole table and removes whatever is an organization's; it adds and changes what it declares", () => {
    const eraser = production.target(production.functionOf("organizations", "erasure").properties.Role).id;
    const scans = roleStatements(production).filter(({ statement }) => statement.actions.includes("dynamodb:Scan"));
    expect(scans.map(({ role }) => role)).toEqual([eraser]);
    const own = roleStatements(production).filter(({ role }) => role === eraser);
    const keysOf = (action: Action) => {
      const [one, ...more] = own.filter(({ statement }) => statement.actions.includes(`dynamodb:${action}`));
      expect(more).toEqual([]);
      const { "ForAllValues:StringLike": every } = (one?.statement.conditions ?? {}) as Record<
        string,
        Record<string, string[]>
      >;
      return every?.["dynamodb:LeadingKeys"] ?? [];
    };
    expect(keysOf("UpdateItem")).not.toContain("T#org_*#*");
    expect(keysOf("PutItem")).not.toContain("T#org_*#*");
    expect(keysOf("DeleteItem")).toEqual([...keysOf("UpdateItem"), "T#org_*#*"]);
    expect(keysOf("UpdateItem")).toEqual([
      "T#*#CLAIMED_DOMAIN#*",
      "T#*#DOMAIN_OWNER#*",
      "T#*#DUE#*#*#*",
      "T#*#ERASURE#*",
      "T#*#FOUNDER#*",
      "T#*#OPERATOR_ACCESS#*",
      "T#*#OPERATOR_ACCESS_PLACES#*",
      "T#*#ORGANIZATION",
      "T#*#ORGANIZATION_TERMS",
      "T#*#SLUG#*",
      "T#*#SSO_CONNECTION_PLACE#*",
      "T#*#SSO_SIGN_IN#*",
      "T#*#USER_IDENTITIES#*",
      "T#*#USER_ORGANIZATIONS#*",
    ]);
  });

  it("the whole table is nobody's: each right to write is bound to keys", () => {
    for (const { role, statement } of roleStatements(production)) {
      if (!ACTIONS.some((action) => statement.actions.includes(`dynamodb:${action}`))) continue;
      const { "ForAllValues:StringLike": every } = statement.conditions as Record<string, Record<string, string[]>>;
      for (const pattern of every?.["dynamodb:LeadingKeys"] ?? ["*"])
        expect(pattern, role).toMatch(/^T#(\*#[A-Z][A-Z_]+(#.*)?|org_\*#\*)$/);
    }
    const actions = roleStatements(production).flatMap(({ statement }) => statement.actions);
    const others = ["BatchWriteItem", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"];
    expect(actions.filter((action) => others.some((other) => action === `dynamodb:${other}`))).toEqual([]);
  });
});
