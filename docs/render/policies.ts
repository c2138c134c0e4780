import { MOST_IN_DOCUMENT } from "../../functions/policies/portable/model.ts";
import { shownAttributes } from "../../functions/policies/rules/attributes.ts";
import { templates } from "../../functions/policies/rules/templates.ts";
import { MOST_TESTS, TEST_TIME } from "../../functions/policies/rules/tests.ts";
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
    "## Before it is enforced",
    "",
    "**Replay** what was asked: `POST /policies/{policy_id}/replay` decides the requests of the audit log anew, those of the last 7 days unless told, and lists",
    "what would come out otherwise, newly allowed first: which operation, whose, how often, when last. Members and things are as they are now; of what the",
    "log cannot say it says how many there were. Reads that were allowed are not in the log: shadow counts those.",
    "",
    "**Simulate** a request: `POST /policies/simulate`, with a policy of your choice put in place (`with`), a draft or an older version. The answer has what",
    "decided, which conditions held, and the nearest change that would allow it. A member and a thing are looked up where you may read them; what",
    "you describe stands over that.",
    "",
    "```json",
    JSON.stringify(
      {
        operation: "agents.update",
        principal: { role: "developer" },
        resource: { tags: ["secret"] },
        context: { ip: "192.0.2.7", at: "2026-01-31T12:00:00Z" },
        with: { policy_id: "pol_01JDQ4X0Z5V8W3N7K2M9R6T1BC" },
      },
      null,
      2,
    ),
    "```",
    "",
    `**Test** it: \`PUT /policies/{policy_id}/tests\` keeps up to ${MOST_TESTS} requests with the outcome that all active policies together have to give them,`,
    "`POST /policies/{policy_id}/test` runs them. A policy is active only as long as its tests pass: activating it, and changing it or its tests while it is",
    "active, is refused where one fails (409 `policy_tests_failed`, which names each). Deactivating always works. A test that names no",
    `time is asked at ${TEST_TIME}, a Monday. What another policy becomes later can make tests fail: run them.`,
    "",
    "**Compare** versions: `GET /policies/{policy_id}/versions/{number}/diff` says field by field and in sentences what differs, and with examples what",
    "newly becomes allowed and what is allowed no more; `?against=nothing` what the policy does at all. `complete` is false where not everything could be tried.",
    "",
    "**Ask what it names:** `GET /policies/{policy_id}/references`, and `POST /policies/validate-conditions` before it is saved. A thing that is gone is `orphaned`; one",
    "that is archived, suspended or revoked, or called otherwise than the reference's `display` says, has `changed`.",
    "",
    "## From one organization to another",
    "",
    '`GET /policies/export` gives a document in which teams and roles of your own are called by their names (`{"name": "Sales"}` where an id would stand),',
    `with the tests; \`POST /policies/import\` takes it, up to ${MOST_IN_DOCUMENT} policies at a time, all or none. \`dry_run\` says what would be made, how it differs from what`,
    "there is of the same name, and what this organization has not. What is imported is a draft: nothing that is active changes. Exported again, it",
    "is the same document.",
    "",
    "## Conditions",
    "",
    `\`{}\` for always; else \`{"all": […]}\`, \`{"any": […]}\`, \`{"not": {…}}\` or \`{"path": …, "op": …, "value": …}\`, to ${MAX_POLICY_DEPTH} levels and ${MAX_POLICY_PARTS} parts.`,
    "What is missing equals nothing: `eq`, `in`, `contains`, `gt` … do not hold, `ne`, `not_in` and `not_contains` do. Attributes of `time` take a `zone` beside",
    "(UTC without one). Over midnight a window belongs to the day on which it begins. Instead of a value there may be a reference:",
    '`{"$ref": "attribute", "path": "principal.id"}` to another attribute, `{"$ref": "resource", "type": "team", "ids": […]}` to things by id,',
    'which may have `"display": {"names": […]}` beside: what they were called.',
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
