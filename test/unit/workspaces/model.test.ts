import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  expiryIssue,
  mayAssign,
  mayDelete,
  mayManage,
  maySee,
  type Standing,
  workspaceRoles,
} from "../../../functions/workspaces/model.ts";

const role = fc.constantFrom(...workspaceRoles);
const standing: fc.Arbitrary<Standing> = fc.record({
  role: fc.option(role, { nil: null }),
  organization_owner: fc.boolean(),
});

describe("what somebody may do in a workspace", () => {
  it("grows with the role, and nobody without one does anything but the organization's owner", () => {
    const nobody = { role: null, organization_owner: false };
    expect([mayManage(nobody), mayDelete(nobody), mayAssign(nobody, ["viewer"])]).toEqual([false, false, false]);
    const by = (name: (typeof workspaceRoles)[number]) => ({ role: name, organization_owner: false });
    expect(workspaceRoles.map((name) => mayManage(by(name)))).toEqual([true, true, false, false]);
    expect(workspaceRoles.map((name) => mayDelete(by(name)))).toEqual([true, false, false, false]);
    fc.assert(
      fc.property(standing, (who) => {
        if (mayDelete(who)) expect(mayManage(who)).toBe(true);
        if (who.organization_owner) expect(mayDelete(who)).toBe(true);
      }),
    );
  });

  it("never makes, changes or removes an owner without being one", () => {
    fc.assert(
      fc.property(standing, fc.array(role, { minLength: 1, maxLength: 2 }), (who, roles) => {
        const allowed = mayAssign(who, roles);
        if (allowed) expect(mayManage(who)).toBe(true);
        if (allowed && roles.includes("owner")) expect(mayDelete(who)).toBe(true);
        if (!roles.includes("owner")) expect(allowed).toBe(mayManage(who));
      }),
    );
  });

  it("includes seeing it, unless it is personal and somebody else's", () => {
    fc.assert(
      fc.property(standing, fc.constantFrom("permanent", "temporary", "personal"), (who, workspace_type) => {
        const outsider = who.role === null && !who.organization_owner;
        expect(maySee({ workspace_type }, who)).toBe(workspace_type !== "personal" || !outsider);
      }),
    );
  });
});

describe("the end of a workspace", () => {
  const now = new Date("2026-01-01T00:00:00.000Z");
  it("is there for temporary ones, in the future, and for no others", () => {
    expect(expiryIssue("temporary", "2026-01-01T01:00:00+01:00", now)).toBe("must be in the future");
    expect(expiryIssue("temporary", "2026-01-01T00:00:00.001Z", now)).toBeUndefined();
    expect(expiryIssue("temporary", null, now)).toMatch(/required/);
    expect(expiryIssue("permanent", null, now)).toBeUndefined();
    expect(expiryIssue("personal", "2027-01-01T00:00:00Z", now)).toMatch(/only temporary/);
  });
});
