import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ApprovalRecord, Decision } from "../../../functions/approvals/model.ts";
import { isApprover, type Person } from "../../../functions/approvals/rules/approvers.ts";
import { decided, refusalOf } from "../../../functions/approvals/rules/deciding.ts";
import { isSecretName, MASKED, masked } from "../../../functions/approvals/rules/masking.ts";

const ada: Person = { user_id: "usr_a", role: "org_admin", grants: ["*:decide", "agents:read"], team_ids: ["tem_1"] };
const at = new Date("2026-05-01T10:00:00.000Z");
const pending: Pick<
  ApprovalRecord,
  "status" | "expires_at" | "approvers" | "escalation" | "allow_self" | "requested_by" | "decisions" | "required"
> = {
  status: "pending",
  expires_at: "2026-05-01T11:00:00.000Z",
  approvers: {},
  escalation: null,
  allow_self: false,
  requested_by: { type: "user", id: "usr_b" },
  decisions: [],
  required: 2,
};

describe("who may decide", () => {
  it("is everybody with the permission where nobody is named, and whoever one of the names fits where some are", () => {
    expect(isApprover({}, ada)).toBe(true);
    expect(isApprover({ users: ["usr_a"] }, ada)).toBe(true);
    expect(isApprover({ users: ["usr_x"] }, ada)).toBe(false);
    expect(isApprover({ users: ["usr_x"], teams: ["tem_1"] }, ada)).toBe(true);
    expect(isApprover({ teams: ["tem_2"] }, ada)).toBe(false);
    expect(isApprover({ roles: ["org_admin"] }, ada)).toBe(true);
    expect(isApprover({ roles: ["org_owner"] }, ada)).toBe(false);
    expect(isApprover({ permissions: ["agents:read"] }, ada)).toBe(true);
    expect(isApprover({ permissions: ["agents:update"] }, ada)).toBe(false);
  });

  it("is nobody without the permission, whatever names them", () => {
    const eve = { ...ada, grants: ["agents:read"] as const };
    for (const approvers of [{}, { users: ["usr_a"] }, { teams: ["tem_1"] }, { roles: ["org_admin" as const] }])
      expect(isApprover(approvers, eve)).toBe(false);
  });

  it("is not who started the run, by themselves or by an agent, unless it is allowed", () => {
    const self = { type: "user", id: "usr_a" } as const;
    const own = { ...pending, requested_by: self };
    const behalf = { ...pending, requested_by: { type: "agent" as const, id: "run_1", on_behalf_of: self } };
    expect(refusalOf(own, ada, at)).toBe("own_request");
    expect(refusalOf(behalf, ada, at)).toBe("own_request");
    const byKey = {
      ...own,
      requested_by: { type: "api_key", id: "key_1", on_behalf_of: { type: "user", id: ada.user_id } },
    } as const;
    expect(refusalOf(byKey, ada, at)).toBe("own_request");
    expect(refusalOf({ ...own, allow_self: true }, ada, at)).toBeUndefined();
  });

  it("is nobody after its time or its end, and nobody twice", () => {
    expect(refusalOf(pending, ada, at)).toBeUndefined();
    expect(refusalOf(pending, ada, new Date(pending.expires_at))).toBe("expired");
    expect(refusalOf({ ...pending, status: "approved" }, ada, at)).toBe("not_pending");
    const said: Decision = { user_id: "usr_a", decision: "approved", comment: null, at: pending.expires_at };
    expect(refusalOf({ ...pending, decisions: [said] }, ada, at)).toBe("decided_already");
  });
});

it("an approval is approved by exactly as many as it takes, and rejected by the first who rejects", () => {
  const word = fc.constantFrom("approved" as const, "rejected" as const);
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), fc.integer({ min: 1, max: 20 }), (words, required) => {
      let now: { decisions: Decision[]; status: string } = { decisions: [], status: "pending" };
      for (const [i, decision] of words.entries()) {
        if (now.status !== "pending") break;
        now = decided({ ...now, required }, { user_id: `usr_${i}`, decision, comment: null, at: "" });
      }
      const rejected = words.indexOf("rejected");
      const before = rejected === -1 ? words.length : rejected;
      const expected = before >= required ? "approved" : rejected === -1 ? "pending" : "rejected";
      expect(now.status).toBe(expected);
      expect(now.decisions.length).toBe(expected === "approved" ? required : Math.min(before + 1, words.length));
    }),
  );
});

describe("what approvers are shown", () => {
  it.each([
    "password",
    "userPassword",
    "API-Key",
    "apiKey",
    "api_key",
    "access_token",
    "Authorization",
    "client_secret",
    "cookie",
    "privateKey",
    "otp",
  ])("leaves the value of %s out", (name) => {
    expect(isSecretName(name)).toBe(true);
    expect(masked({ outer: [{ [name]: "x" }] })).toEqual({ outer: [{ [name]: MASKED }] });
  });

  it.each(["tokens_in", "total_tokens", "author", "passenger", "key", "secretary", "pinned", "shipping", "compass"])(
    "keeps the value of %s",
    (name) => {
      expect(masked({ [name]: 7 })).toEqual({ [name]: 7 });
    },
  );

  it("leaves keys and tokens out of texts, whatever they are called", () => {
    const text = `use sk-${"a".repeat(24)}, ghp_${"a".repeat(36)} or Bearer abcdefghijklmnopqrstu here`;
    expect(masked({ note: text })).toEqual({ note: `use ${MASKED}, ${MASKED} or ${MASKED} here` });
  });

  it("is otherwise the value itself", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.constant("plain text"))),
        (all) => {
          expect(masked({ all })).toEqual({ all });
        },
      ),
    );
  });
});
