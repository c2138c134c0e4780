import { shownAttributes } from "../../functions/policies/rules/attributes.ts";
import { templates } from "../../functions/policies/rules/templates.ts";
import { SHADOW_DAYS, SHADOW_EACH } from "../../shared/http/shadow.ts";
import { MAX_POLICY_DEPTH, MAX_POLICY_PARTS } from "../../shared/policies/language.ts";
import { operatorsOf, policyOperators } from "../../shared/policies/operators.ts";
import { targets } from "../../shared/policies/targets.ts";
import { code, generated, table } from "./markdown.ts";

const list = (names: readonly string[]): string => names.map(code).join(" ");

/** docs/policies.md: how a policy is written and what it can look at. */
export function renderPolicies(): string {
  const attributes = shownAttributes.map(({ path, type, description, values, resource_types }) => [
    code(path),
    type,
    `${description}${values === null ? "" : ` One of ${list(values.map(String))}.`}`,
    resource_types === null ? "" : list(resource_types),
  ]);
  const types = Object.entries(operatorsOf).map(([type, operators]) => [type, list(operators)]);
  const operators = Object.entries(policyOperators).map(([name, { words, operand }]) => [code(name), words, operand]);
  return [
    generated("`shared/policies` and `functions/policies/rules`"),
    "# Policies",
    "",
    "A policy says for whom (`assignments`), on what (`resource_type`, `action`) and when (`conditions`) something is allowed or denied. Policies are",
    "asked after the role has granted, and never grant what a role refuses: a matching deny denies; else what cannot be evaluated denies; else a",
    "matching allow allows; else the default of the type decides, which is to allow unless the organization has switched it",
    "(`PUT /policies/defaults`). A refusal is 403 `policy_denied` and names the policy and the conditions that decided.",
    "",
    "## The first one",
    "",
    "1. Make it: `POST /policies`. It is a draft and decides nothing. `sentence` in the answer reads it back.",
    "",
    "```json",
    JSON.stringify(
      {
        name: "Secrets are for administrators, at work",
        effect: "deny",
        resource_type: "agent",
        action: "update",
        conditions: {
          all: [
            { path: "resource.tags", op: "contains", value: "secret" },
            {
              not: {
                all: [
                  { path: "principal.role", op: "in", value: ["org_owner", "org_admin"] },
                  {
                    path: "time.of_day",
                    op: "within",
                    value: { from: "09:00", to: "17:00", weekdays: [1, 2, 3, 4, 5] },
                    zone: "Europe/Berlin",
                  },
                ],
              },
            },
          ],
        },
        assignments: [{ type: "organization" }],
      },
      null,
      2,
    ),
    "```",
    "",
    `2. See what it would deny: \`POST /policies/{policy_id}/shadow\`. From the next request on that is counted and goes on. \`GET /policies/{policy_id}/shadow-denials\` has the numbers by day and version, for ${SHADOW_DAYS} days; the first ${SHADOW_EACH} a day, and each that doubles them, are events and entries of the audit log (\`policy.shadow_denied\`), with the caller and why.`,
    "3. Enforce it: `POST /policies/{policy_id}/activate`. It counts from the next request on.",
    "4. Change it: `PATCH` makes a version, `POST /policies/{policy_id}/rollback` goes back to one; `POST /policies/{policy_id}/deactivate` ends it.",
    "",
    "Owners always reach policies, so nobody locks an organization out. A list shows what a read of each thing would; a change is judged by what a",
    "thing is and by what it would be.",
    "",
    "## Conditions",
    "",
    `\`{}\` for always; else \`{"all": […]}\`, \`{"any": […]}\`, \`{"not": {…}}\` or \`{"path": …, "op": …, "value": …}\`, to ${MAX_POLICY_DEPTH} levels and ${MAX_POLICY_PARTS} parts.`,
    "What is missing equals nothing: `eq`, `in`, `contains`, `gt` … do not hold, `ne`, `not_in` and `not_contains` do. Attributes of `time` take a `zone` beside",
    "(UTC without one). Over midnight a window belongs to the day on which it begins. Instead of a value there may be a reference:",
    '`{"$ref": "attribute", "path": "principal.id"}` to another attribute, `{"$ref": "resource", "type": "team", "ids": […]}` to things by id.',
    "",
    table(["Attribute", "Type", "", "Things that have it"], attributes),
    "",
    "### Operators",
    "",
    table(["Type", "Operators"], types),
    "",
    table(["Operator", "In words", "Takes"], operators),
    "",
    "## What policies can be about",
    "",
    "A type and an action, or `*` for every one.",
    "",
    table(
      ["Type", "Actions"],
      Object.entries(targets).map(([type, actions]) => [code(type), list(actions)]),
    ),
    "",
    "## Templates",
    "",
    table(
      ["Name", "", "What it says"],
      templates.map(({ name, description, sentence }) => [name, description, sentence]),
    ),
    "",
  ].join("\n");
}
