import { describe, expect, it } from "vitest";
import {
  commitmentsOf,
  ERASED,
  type Evidence,
  hashOf,
  isBlank,
  leafDataOf,
} from "../../../functions/audit/tree/rules/evidence.ts";
import { auditEntrySchema } from "../../../shared/change/items.ts";

const entry = {
  id: "aud_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
  organization_id: "org_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
  occurred_at: "2026-01-31T12:00:00.000Z",
  actor: { type: "user", id: "usr_01JDQ4X0Z5V8W3N7K2M9R6T1BC" },
  action: "agent.updated",
  resource: { type: "agent", id: "agt_01JDQ4X0Z5V8W3N7K2M9R6T1BC", name: "Grüße" },
  outcome: "succeeded",
  request: { id: "req_1", method: "PATCH", path: "/agents/x", ip: "203.0.113.7", user_agent: "curl/8" },
  changes: [{ field: "temperature", old: 1, new: 0.5 }],
  reason: null,
  expires_at: "2027-03-07T12:00:00.000Z",
  salts: { actor: "AAAAAAAAAAAAAAAAAAAAAA", subject: "BBBBBBBBBBBBBBBBBBBBBA" },
} satisfies Evidence;
const leafOf = (one: Evidence) => hashOf(leafDataOf(one)).toString("base64");
const leaf = leafOf(entry);

describe("the leaf of an entry", () => {
  it("is the same for ever: what was signed is never made anew", () => {
    // Made by another program, by what docs/audit.md says.
    expect(leaf).toBe("Qfiek8SAuLRp80h9lOr4q+/KNm6tO49YB0arHTYZlhU=");
    expect(leafOf({ ...entry, salts: undefined })).toBe("nAsP4Qs7nPZz5y7d9atX4leiuZyjB42xsZYCS3sFZgk=");
  });

  it("is the same however the entry's fields are ordered", () => {
    const turned = Object.fromEntries(Object.entries(entry).reverse()) as unknown as Evidence;
    expect(leafOf(turned)).toBe(leaf);
  });

  it("is another one when anything in the entry is", () => {
    const others: { readonly [K in Exclude<keyof Evidence, "erased">]-?: readonly unknown[] } = {
      id: ["aud_01JDQ4X0Z5V8W3N7K2M9R6T1BD"],
      organization_id: ["org_01JDQ4X0Z5V8W3N7K2M9R6T1BD"],
      occurred_at: ["2026-01-31T12:00:00.001Z"],
      actor: [
        { ...entry.actor, type: "operator" },
        { ...entry.actor, id: "usr_2" },
      ],
      action: ["agent.created"],
      resource: [
        { ...entry.resource, type: "run" },
        { ...entry.resource, id: "agt_2" },
        { ...entry.resource, name: "Grüsse" },
        { type: "agent", id: entry.resource.id },
      ],
      outcome: ["failed"],
      request: [
        null,
        ...["id", "method", "path", "ip", "user_agent"].map((field) => ({ ...entry.request, [field]: "x" })),
      ],
      changes: [[], [{ field: "temperature", old: 1, new: "0.5" }], [{ field: "temperature", old: 1 }]],
      reason: [""],
      expires_at: ["2027-03-07T12:00:00.001Z"],
      salts: [undefined, { ...entry.salts, actor: "C" }, { ...entry.salts, subject: "C" }],
    };
    // A field that is added to entries needs a new format of leaves, or nothing would prove it.
    expect(Object.keys(others).sort()).toEqual([...Object.keys(auditEntrySchema.shape), "expires_at", "salts"].sort());
    const changed = Object.entries(others).flatMap(([field, values]) =>
      values.map((value) => ({ ...entry, [field]: value })),
    );
    const leaves = changed.map((one) => leafOf(one as Evidence));
    expect(leaves).not.toContain(leaf);
    expect(new Set(leaves).size).toBe(leaves.length);
  });

  it("stays when a part is erased, and takes nothing else in its place", () => {
    const { actor, subject } = commitmentsOf(entry);
    const blankActor = { ...entry, ...ERASED.actor, salts: { subject: entry.salts.subject }, erased: { actor } };
    const { resource, ...others } = ERASED.subject;
    const about = { ...others, changes: [], resource: { type: entry.resource.type, ...resource } };
    const blankSubject = { ...entry, ...about, salts: { actor: entry.salts.actor }, erased: { subject } };
    const both = { ...blankActor, ...about, salts: {}, erased: { actor, subject } };
    expect([blankActor, blankSubject, both].map(leafOf)).toEqual([leaf, leaf, leaf]);
    expect(JSON.stringify(both)).not.toMatch(/usr_01|203\.0|curl|Gr|temperature|AAAA|BBBB/);
    expect([isBlank(both, "actor"), isBlank(both, "subject")]).toEqual([true, true]);
    expect([isBlank(blankActor, "subject"), isBlank(blankSubject, "actor")]).toEqual([false, false]);
    expect(isBlank({ ...both, request: entry.request }, "actor")).toBe(false);
    expect(leafOf({ ...blankActor, erased: { actor: subject } })).not.toBe(leaf);
  });
});
