import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ApprovalRecord } from "../../../functions/approvals/model.ts";
import { approversOf } from "../../../functions/approvals/rules/approvers.ts";
import { nextStep, stepAt } from "../../../functions/approvals/rules/steps.ts";
import { formatToken, parseToken } from "../../../functions/approvals/rules/token.ts";
import { nodeKinds } from "../../../functions/pipelines/graph/rules/kinds.ts";

const START = Date.parse("2026-05-01T10:00:00.000Z");
const at = (seconds: number) => new Date(START + seconds * 1_000);

type Timed = Pick<ApprovalRecord, "reminder" | "escalation" | "expires_at">;

/** What comes to an approval by the clock of a worker that looks when it was told to, some seconds late. */
function played(approval: Timed, late: number): string[] {
  const done: string[] = [];
  for (let now = approval, turns = 0; turns < 10; turns++) {
    const looks = new Date(nextStep(now).getTime() + late * 1_000);
    const step = stepAt(now, looks);
    if (step === undefined) throw new Error("it was told to look too early");
    done.push(step);
    if (step === "expire") return done;
    const done_at = looks.toISOString();
    now = {
      ...now,
      ...(step === "remind" && now.reminder !== null ? { reminder: { ...now.reminder, done_at } } : {}),
      ...(step === "escalate" && now.escalation !== null ? { escalation: { ...now.escalation, done_at } } : {}),
    };
  }
  throw new Error("it never ends");
}

const timed = (remind: number | null, escalate: number | null, expires: number): Timed => ({
  reminder: remind === null ? null : { at: at(remind).toISOString(), done_at: null },
  escalation:
    escalate === null ? null : { at: at(escalate).toISOString(), done_at: null, to: { roles: ["org_owner"] } },
  expires_at: at(expires).toISOString(),
});

describe("what comes to an approval by itself", () => {
  it("comes once each and in time, and ends with its expiry, however late the worker is", () => {
    const seconds = fc.option(fc.integer({ min: 60, max: 999 }));
    fc.assert(
      fc.property(seconds, seconds, fc.integer({ min: 0, max: 2_000 }), (remind, escalate, late) => {
        const done = played(timed(remind, escalate, 1_000), late);
        expect(done.at(-1)).toBe("expire");
        expect(new Set(done).size).toBe(done.length);
        const wanted = [remind, escalate].filter((one) => one !== null).length;
        if (late === 0) expect(done.length).toBe(1 + wanted);
        else expect(done.length).toBeLessThanOrEqual(1 + wanted);
      }),
    );
  });

  it("is nothing before its time, and nothing but the end after it", () => {
    const approval = timed(100, 200, 300);
    expect([99, 100, 250, 300].map((second) => stepAt(approval, at(second)))).toEqual([
      undefined,
      "remind",
      "escalate",
      "expire",
    ]);
    expect(nextStep(approval)).toEqual(at(100));
  });

  it("lets others decide from the escalation on, beside the first", () => {
    const approvers = { users: ["usr_a"] };
    const escalation = { at: "", to: { roles: ["org_owner" as const] }, done_at: null };
    expect(approversOf({ approvers, escalation: null })).toEqual([approvers]);
    expect(approversOf({ approvers, escalation })).toEqual([approvers]);
    expect(approversOf({ approvers, escalation: { ...escalation, done_at: "then" } })).toEqual([
      approvers,
      escalation.to,
    ]);
  });
});

it("a link's token names what it is for; what is none opens nothing", () => {
  const ids = ["org", "apr", "usr"].map((prefix) => `${prefix}_01JDQ4X0Z5V8W3N7K2M9R6T1BC`);
  const [organization_id = "", approval_id = "", user_id = ""] = ids;
  const token = formatToken(organization_id, approval_id, user_id, "a".repeat(43));
  expect(parseToken(` ${token}\n`)).toMatchObject({ organization_id, approval_id, user_id });
  for (const wrong of ["", "x", token.slice(1), token.slice(0, -1), `${token}a`, token.replace("usr_", "apr_")])
    expect(parseToken(wrong)).toBeUndefined();
});

it("a reminder and an escalation after the expiry are refused when they are saved", () => {
  const paths = (config: object) =>
    nodeKinds.approval.config.safeParse(config).error?.issues.map(({ path }) => path.join(".")) ?? [];
  const to = { roles: ["org_owner"] };
  expect(paths({ expires_in_seconds: 600, remind_after_seconds: 599, escalate: { after_seconds: 599, to } })).toEqual(
    [],
  );
  expect(paths({ expires_in_seconds: 600, remind_after_seconds: 600, escalate: { after_seconds: 600, to } })).toEqual([
    "remind_after_seconds",
    "escalate.after_seconds",
  ]);
});
