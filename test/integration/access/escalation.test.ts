import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deleteRole } from "../../../functions/access/consumers.ts";
import { operations } from "../../../functions/access/operations.ts";
import { roleDeletion } from "../../../functions/access/store.ts";
import { operations as invitations } from "../../../functions/invitations/operations.ts";
import { operations as users } from "../../../functions/users/operations.ts";
import { expandGrants } from "../../../shared/access/decide.ts";
import { grantsIn } from "../../../shared/access/own-roles.ts";
import type { Grant } from "../../../shared/access/permissions.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { OperationShape } from "../../../shared/http/operation.ts";
import { membershipItem } from "../../../shared/identity/items.ts";
import { callInside } from "../../security/inside.ts";
import { type Company, unique } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";
import { roomyCompany } from "../../support/plans.ts";
import { ownRole } from "../../support/roles.ts";
import { stackTable } from "../../support/stack.ts";

/** What roles of this test are made of. */
const GRANTS: readonly Grant[] = [
  "roles:*",
  "users:read",
  "agents:*",
  "agents:read",
  "teams:*",
  "*:read",
  "*",
  "audit:read",
];

const grants = fc.subarray([...GRANTS], { minLength: 1, maxLength: 4 });
const some = fc.nat({ max: 1_000 });
const step = fc.oneof(
  fc.record({ kind: fc.constant("make" as const), actor: some, grants }),
  fc.record({ kind: fc.constant("clone" as const), actor: some, role: some }),
  fc.record({ kind: fc.constant("edit" as const), actor: some, role: some, grants }),
  fc.record({ kind: fc.constant("assign" as const), actor: some, member: some, role: some }),
  fc.record({ kind: fc.constant("delete" as const), actor: some, role: some, replacement: some }),
  fc.record({ kind: fc.constant("invite" as const), actor: some, role: some }),
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const deleted = ({ organization_id }: Company, ref: string) =>
  deleteRole(
    { tenant: organization_id, kind: roleDeletion.kind, ref, at: new Date().toISOString() },
    { table: stackTable(), clock: systemClock },
  );

/** Another one with each run; a run that failed is repeated with the one that its message names. */
const seed = Number(process.env.ESCALATION_SEED ?? Date.now() % 1_000_000_000);

describe(`whatever members do with roles, in whatever order (ESCALATION_SEED=${seed})`, () => {
  it("nobody holds afterwards, or is invited to, what neither they nor whoever did it held before", async () => {
    const company = await roomyCompany();
    const first = await Promise.all([
      ownRole(company, ["roles:*", "users:read", "agents:*", "invitations:create"]),
      ownRole(company, ["roles:*", "users:read", "teams:*", "agents:read"]),
      ownRole(company, ["roles:assign", "*:read", "invitations:create"]),
      ownRole(company, ["agents:read"]),
    ]);
    const members = await Promise.all(first.map((role) => addMember(company, role)));
    const roles: string[] = ["viewer", "developer", "org_admin", "org_owner", ...first];
    const own = stackTable().of(company.organization_id);
    const grantsOf = async (role: string) => new Set<string>(expandGrants(await grantsIn(own, role)));
    const held = async () =>
      Promise.all(
        members.map(async ({ user_id }) => grantsOf((await own.get(membershipItem, { user_id }))?.role ?? "")),
      );
    const at = <T>(list: readonly T[], i: number): T => list[i % list.length] as T;
    const accepted: string[] = [];
    const role = (i: number) => at(roles, i);
    /** The request that a step is. */
    const requestOf = (one: Step): readonly [OperationShape, string, unknown?] => {
      switch (one.kind) {
        case "make":
          return [operations.createRole, "/roles", { name: unique("Role"), grants: one.grants }];
        case "clone":
          return [operations.cloneRole, `/roles/${role(one.role)}/clone`, { name: unique("Role") }];
        case "edit":
          return [operations.updateRole, `/roles/${role(one.role)}`, { grants: one.grants }];
        case "assign":
          return [users.assignRole, `/users/${at(members, one.member).user_id}`, { role: role(one.role) }];
        case "delete":
          return [operations.removeRole, `/roles/${role(one.role)}?replacement=${role(one.replacement)}`];
        case "invite":
          return [invitations.create, "/invitations", { email: `${unique("g")}@example.com`, role: role(one.role) }];
      }
    };
    for (const one of fc.sample(step, { numRuns: 160, seed })) {
      const before = await held();
      const actor = one.actor % members.length;
      const [operation, path, body] = requestOf(one);
      const answer = await callInside(operation, path, { token: at(members, actor).token, body });
      expect(answer.status, answer.text).toBeLessThan(500);
      if (answer.status >= 300) continue;
      accepted.push(one.kind);
      if (one.kind === "make" || one.kind === "clone") roles.push(answer.body.id);
      // Behind the answer; here within the step, so that what follows from it is its actor's.
      if (one.kind === "delete") await deleted(company, role(one.role));
      const beyond = (now: ReadonlySet<string>) => [...now].filter((permission) => !before[actor]?.has(permission));
      for (const [i, now] of (await held()).entries())
        expect(beyond(now).filter((permission) => !before[i]?.has(permission))).toEqual([]);
      if (one.kind === "invite") expect(beyond(await grantsOf(role(one.role)))).toEqual([]);
    }
    expect(new Set(accepted).size, "sequences in which things happen").toBeGreaterThanOrEqual(3);
  });
});
