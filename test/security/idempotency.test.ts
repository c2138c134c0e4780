import { beforeAll, describe, expect, it } from "vitest";
import { takesIdempotencyKey } from "../../shared/http/operation.ts";
import { organizationItem } from "../../shared/identity/items.ts";
import { registerCompany, unique } from "../support/api.ts";
import { roomyCompany } from "../support/plans.ts";
import { stackTable } from "../support/stack.ts";
import { World } from "./fixtures.ts";
import { guarded, request, rows } from "./operations.ts";
import { sceneOf } from "./scenes.ts";
import { entriesOf, happened } from "./trail.ts";

let world: World;
beforeAll(async () => {
  const company = await roomyCompany();
  world = new World(company);
  // Every operation makes things of its own, more than the smallest plan has room for.
  const tenant = stackTable().of(company.organization_id);
  await tenant.transact([tenant.writes.update(organizationItem, {}, { set: { plan: "pro" } })]);
});

/** The caller of these has no credential any more with which to ask again. */
const endsTheSession = ["auth.logout"];

/** What only looks has nothing to remember. */
const changesNothing = ["pipelines.validate", "agents.inspect_tool"];

/** What leaves no entry in this organization's trail, and why. */
const leavesNothing: Readonly<Record<string, string>> = {
  "pipelines.validate": "looks only",
  "agents.inspect_tool": "looks only",
  "policies.replay": "looks only",
  "policies.simulate": "looks only",
  "policies.test": "looks only",
  "policies.validate_conditions": "looks only",
  "trace_export.test": "asks a collector whether it answers",
  "auth.sign_out_others": "there is no other session here",
  "domains.verify": "there is no proof here",
  "models.reset_circuit": "no circuit is open here",
  "policies.rollback": "it says what it says already",
  "auth.enrol_totp": "a factor counts once it is proved, which has an entry",
  "sso.ask_link": "an attempt, whose end has an entry",
  "sso.ask_trial": "an attempt, whose end has an entry",
  "pipelines.create_graph_upload": "an address for a file, which nothing has read yet",
  "invitations.create_many": "its invitations are made behind the answer, and have an entry each",
  "organizations.create": "stands in the trail of what is made",
  "organizations.restore": "stands in the trail of another one",
  "organizations.accept_transfer": "stands in the trail of another one",
  "sso.create": "stands in the trail of another one",
  "scim.create_token": "stands in the trail of another one",
};

const posts = guarded.filter(takesIdempotencyKey);

const agent = { agent_type: "chat", model_id: "amazon-bedrock/claude-sonnet-4-5" };

describe("an idempotency key", () => {
  it.each(rows(posts))(
    "of %s gives the first answer again, takes no other request, and what was done stands in the trail once",
    async (_, operation) => {
      const { ids, body, token = world.company.token } = await sceneOf(world, operation);
      const headers = { "idempotency-key": unique("key") };
      const sends = body === undefined ? { token, headers } : { token, headers, body };
      const first = await request(operation, ids, sends);
      expect(first.status, first.text).toBe(operation.success);
      if (endsTheSession.includes(operation.id)) {
        expect((await request(operation, ids, sends)).status).toBe(401);
        return;
      }
      const organization = world.company.organization_id;
      const entries = happened(await entriesOf(first, organization));
      expect(entries).toEqual([...new Set(entries)]);
      expect(entries.length > 0, entries.join()).toBe(!Object.hasOwn(leavesNothing, operation.id));
      const again = await request(operation, ids, sends);
      expect(await entriesOf(again, organization)).toEqual([]);
      expect(again.status, again.text).toBe(first.status);
      expect(again.text).toBe(first.text);
      expect(again.headers.get("location")).toBe(first.headers.get("location"));
      if (changesNothing.includes(operation.id)) return;
      expect(again.headers.get("idempotent-replayed")).toBe("true");
      if (body === undefined) return;
      const other = await request(operation, ids, { token, headers, raw: `${JSON.stringify(body)} ` });
      expect([other.status, other.body.code]).toEqual([409, "idempotency_conflict"]);
    },
  );

  it("sent by many at once has one effect", async () => {
    const headers = { "idempotency-key": unique("key") };
    const body = { ...agent, name: unique("Once") };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => world.company.call("POST", "/agents", body, headers)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
    expect(answers.filter(({ headers: h }) => h.get("idempotent-replayed") === "true")).toHaveLength(7);
  });

  it("belongs to one caller: another's same key is another key", async () => {
    const other = await registerCompany();
    const headers = { "idempotency-key": unique("key") };
    const body = { name: unique("Hook"), url: "https://example.com/hooks", events: ["agent.created"] };
    const mine = await world.company.call("POST", "/webhooks", body, headers);
    const theirs = await other.call("POST", "/webhooks", body, headers);
    expect([mine.status, theirs.status]).toEqual([201, 201]);
    expect(theirs.body.id).not.toBe(mine.body.id);
    expect(theirs.body.secret).not.toBe(mine.body.secret);
  });

  it("must be 1 to 255 printable characters", async () => {
    const headers = { "idempotency-key": "x".repeat(256) };
    const refused = await world.company.call("POST", "/agents", { ...agent, name: unique("Agent") }, headers);
    expect(refused.status).toBe(422);
    expect(refused.body.issues[0].path).toBe("header.idempotency-key");
  });
});
