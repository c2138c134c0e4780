import { beforeAll, describe, expect, it } from "vitest";
import type { OperationShape } from "../../shared/http/operation.ts";
import { registerCompany, unique } from "../support/api.ts";
import { bodyOf, World } from "./fixtures.ts";
import { guarded, parametersOf, request, rows } from "./operations.ts";

let world: World;
beforeAll(async () => {
  world = new World(await registerCompany());
});

const posts = guarded.filter(({ method, response }) => method === "POST" && response !== "events");

/** Operations whose first call here is refused for a reason of their own state; their replays are their rooms' tests. */
const idsOf = async (operation: OperationShape) =>
  Object.fromEntries(await Promise.all(parametersOf(operation).map(async (name) => [name, await world.id(name)])));

const agent = { agent_type: "chat", model_id: "amazon-bedrock/claude-sonnet-4-5" };

describe("an idempotency key", () => {
  const succeeded = new Set<string>();

  it.each(rows(posts.filter(({ id }) => id !== "auth.logout")))(
    "of %s gives the first answer again, and takes no other request",
    async (_, operation) => {
      const ids = await idsOf(operation);
      const { token } = world.company;
      const headers = { "idempotency-key": unique("key") };
      const body = bodyOf(operation);
      const sends = body === undefined ? { token, headers } : { token, headers, body };
      const first = await request(operation, ids, sends);
      const again = await request(operation, ids, sends);
      if (first.status >= 300) {
        expect(again.headers.get("idempotent-replayed"), "a refusal is not remembered").toBeNull();
        return;
      }
      succeeded.add(operation.id);
      expect(again.status).toBe(first.status);
      expect(again.text).toBe(first.text);
      expect(again.headers.get("idempotent-replayed")).toBe("true");
      expect(again.headers.get("location")).toBe(first.headers.get("location"));
      if (body === undefined) return;
      const other = await request(operation, ids, { token, headers, raw: `${JSON.stringify(body)} ` });
      expect([other.status, other.body.code]).toEqual([409, "idempotency_conflict"]);
    },
  );

  it("was tried on answers that succeed, for each room that creates something", () => {
    const creating = posts.filter(({ success }) => success === 201).map(({ id }) => id);
    const rooms = (list: Iterable<string>) => new Set([...list].map((id) => id.split(".")[0]));
    expect([...rooms(succeeded)]).toEqual(expect.arrayContaining([...rooms(creating)]));
  });

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
