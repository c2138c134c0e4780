import type { Policy } from "../../../shared/policies/language.ts";
import { policyInWords } from "../../../shared/policies/words.ts";

type Group = "access" | "time" | "security" | "environment";
type Said = Pick<Policy, "effect" | "resource_type" | "action" | "conditions">;

const template = (id: string, group: Group, name: string, description: string, said: Said) => ({
  id,
  group,
  name,
  description,
  ...said,
  sentence: policyInWords({ ...said, assignments: [{ type: "organization" }] }),
});

const deny = (conditions: Policy["conditions"], resource_type = "*", action = "*"): Said => ({
  effect: "deny",
  resource_type,
  action,
  conditions,
});
const not = (not: Policy["conditions"]): Policy["conditions"] => ({ not }) as Policy["conditions"];
const zone = "Europe/Berlin";
const administrators = { path: "principal.role", op: "in", value: ["org_owner", "org_admin"] };

/** Policies to begin with: each denies what its name does not cover, since policies only ever take away. */
export const templates = [
  template(
    "team_access",
    "access",
    "Team access",
    "Only members of a team, those of teams below it counted.",
    deny(not({ path: "principal.teams", op: "in", value: ["tem_01JDQ4X0Z5V8W3N7K2M9R6T1BC"] }), "agent"),
  ),
  template(
    "admin_only",
    "access",
    "Admin only",
    "Only owners and administrators change it.",
    deny(not(administrators), "agent", "update"),
  ),
  template(
    "company_email",
    "access",
    "Company e-mail",
    "Only people with an address of the company.",
    deny(not({ path: "principal.email_domain", op: "in", value: ["example.com"] })),
  ),
  template(
    "resource_owner",
    "access",
    "Resource owner",
    "Only whoever looks after a thing deletes it.",
    deny(
      not({ path: "resource.owner_id", op: "eq", value: { $ref: "attribute", path: "principal.id" } }),
      "agent",
      "delete",
    ),
  ),
  template(
    "specific_agent",
    "access",
    "Specific agent",
    "One agent is for administrators only.",
    deny(
      {
        all: [{ path: "resource.id", op: "eq", value: "agt_01JDQ4X0Z5V8W3N7K2M9R6T1BC" }, not(administrators)],
      } as Policy["conditions"],
      "agent",
    ),
  ),
  template(
    "active_only",
    "access",
    "Active only",
    "Only active pipelines are executed.",
    deny({ path: "resource.status", op: "ne", value: "active" }, "pipeline", "execute"),
  ),
  template(
    "business_hours",
    "time",
    "Business hours",
    "From 9 to 17 on Monday to Friday.",
    deny(
      not({
        path: "time.of_day",
        op: "within",
        value: { from: "09:00", to: "17:00", weekdays: [1, 2, 3, 4, 5] },
        zone,
      }),
      "pipeline",
      "execute",
    ),
  ),
  template(
    "weekdays",
    "time",
    "Weekdays",
    "Not on Saturday and Sunday.",
    deny({ path: "time.weekday", op: "in", value: [6, 7], zone }, "pipeline", "execute"),
  ),
  template(
    "weekends",
    "time",
    "Weekends",
    "On Saturday and Sunday only.",
    deny({ path: "time.weekday", op: "not_in", value: [6, 7], zone }, "pipeline", "update"),
  ),
  template(
    "ip_restriction",
    "security",
    "IP restriction",
    "From these addresses only.",
    deny(not({ path: "context.ip", op: "in", value: ["192.0.2.0/24"] })),
  ),
  template(
    "internal_network",
    "security",
    "Internal network",
    "From private networks only.",
    deny(not({ path: "context.ip", op: "in", value: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8"] })),
  ),
  template(
    "production_only",
    "environment",
    "Production only",
    "Only workspaces that are meant for production are changed.",
    deny({ path: "resource.environment", op: "ne", value: "production" }, "workspace", "update"),
  ),
  template(
    "non_production",
    "environment",
    "Non-production",
    "Workspaces that are meant for production are for administrators only.",
    deny(
      {
        all: [{ path: "resource.environment", op: "eq", value: "production" }, not(administrators)],
      } as Policy["conditions"],
      "workspace",
    ),
  ),
];
