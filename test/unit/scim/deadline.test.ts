import { describe, expect, it } from "vitest";
import { bulk } from "../../../functions/scim/bulk/handlers.ts";
import { changeMembers } from "../../../functions/scim/groups/members.ts";
import { deadlineOf } from "../../../functions/scim/protocol/call.ts";

const over = { at: new Date(), until: performance.now() - 1 };
const anyTable = undefined as never;

describe("a request that takes long", () => {
  it("ends before the gateway gives it up, all of a bulk by one deadline", () => {
    const now = performance.now();
    expect(deadlineOf({ at: new Date() })).toBeGreaterThan(now + 15_000);
    expect(deadlineOf({ at: new Date() })).toBeLessThan(now + 25_000);
    expect(deadlineOf({ at: new Date(), until: 7 })).toBe(7);
  });

  it("answers the operations of a bulk that it has not come to, one by one", async () => {
    const Operations = ["/Users/usr_a", "/Users/usr_b"].map((path) => ({ method: "DELETE", path }));
    const call = { ...over, origin: "https://x.org", body: { Operations }, request: { id: "req" } };
    const { document } = await bulk(call as never, {} as never);
    const { Operations: answers } = document as { Operations: { status: string; response: object }[] };
    expect(answers.map(({ status }) => status)).toEqual(["503", "503"]);
    expect(answers[0]?.response).toMatchObject({ status: "503", detail: expect.stringContaining("again") });
  });

  it("says how many members have changed, and when to go on", async () => {
    const group = { record: {}, team: {} } as never;
    const changed = changeMembers(anyTable, over as never, group, { enter: ["usr_a"], leave: [] });
    await expect(changed).rejects.toMatchObject({
      code: "service_unavailable",
      options: { headers: { "retry-after": "1" } },
    });
  });
});
