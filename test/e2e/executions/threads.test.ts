import { beforeAll, expect, it } from "vitest";
import { threadItem } from "../../../functions/agents/threads/store.ts";
import { monthUsage } from "../../../functions/usage/store.ts";
import { askedOf, createAgent, scriptedModel } from "../../support/agents.ts";
import { type Company, eventually, registerCompany, unique } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";
import { stackTable } from "../../support/stack.ts";
import { eventTypesOf } from "../../support/traces.ts";

let company: Company;
let agent: string;
beforeAll(async () => {
  company = await registerCompany();
  const { id } = await createAgent(company, { model_id: await scriptedModel(company) });
  agent = `/agents/${id}`;
});

const begin = async () => (await company.call("POST", `${agent}/threads`, { title: "Plans" })).body.id as string;
const say = (message: string, thread_id: string, more: object = {}) =>
  company.call("POST", `${agent}/execute`, { message, thread_id, ...more });

it("a conversation is kept, listed, read and remembered, and deleted for good", async () => {
  const made = await company.call("POST", `${agent}/threads`, { title: "Plans" });
  expect([made.status, made.body]).toMatchObject([201, { title: "Plans", turns: 0, bytes: 0, last_turn_at: null }]);
  const { id, created_at, expires_at } = made.body;
  expect((Date.parse(expires_at) - Date.parse(created_at)) / 86_400_000).toBe(30);
  const path = `${agent}/threads/${id}`;
  const one = unique("My name is Ada");
  const two = unique("What am I called?");
  const first = await say(one, id);
  expect(first.body).toMatchObject({ thread_id: id, thread: { turn: 1, turns_left_out: 0 } });
  const second = await say(two, id);
  expect(second.body.thread).toEqual({ turn: 2, turns_left_out: 0 });
  const [asked] = await askedOf(two);
  expect(asked?.body.messages.slice(1)).toEqual([
    { role: "user", content: one },
    { role: "assistant", content: first.body.content },
    { role: "user", content: two },
  ]);
  const { items } = (await company.call("GET", `${path}/turns`)).body;
  expect(items).toMatchObject([
    { number: 2, message: two, answer: second.body.content, execution_id: second.body.execution_id, version: null },
    { number: 1, message: one, answer: first.body.content },
  ]);
  const last_turn_at = items[0].expires_at;
  expect((await company.call("GET", path)).body).toMatchObject({ turns: 2, expires_at: last_turn_at });
  const history = [{ role: "user", content: "Hi" }];
  const both = await say("x", id, { conversation_history: history });
  expect([both.status, both.body.issues[0].path]).toEqual([422, "conversation_history"]);

  const newer = await begin();
  const listed = async () =>
    (await company.call("GET", `${agent}/threads`)).body.items.map((thread: { id: string }) => thread.id);
  await eventually(async () => ((await listed()).includes(newer) ? true : undefined), "the newer thread is listed");
  expect(await listed()).toEqual([newer, id]);
  expect((await company.call("DELETE", path)).status).toBe(204);
  for (const gone of [path, `${path}/turns`]) expect((await company.call("GET", gone)).status).toBe(404);
  expect([(await say("x", id)).status, (await say("x", id)).body.code]).toEqual([422, "reference_not_found"]);
  expect(await eventTypesOf(company)).toEqual(expect.arrayContaining(["agent.thread_created", "agent.thread_deleted"]));
});

it("what a small model has no room for falls out of the prompt, oldest turns first, and the answer says so", async () => {
  const fresh = await registerCompany();
  const model_id = await scriptedModel(fresh, { context_window_tokens: 2_000, max_output_tokens: 500 });
  const { id } = await createAgent(fresh, { model_id });
  const thread_id = (await fresh.call("POST", `/agents/${id}/threads`, {})).body.id;
  const ask = (message: string) => fresh.call("POST", `/agents/${id}/execute`, { message, thread_id });
  // The room is (2,000 - 500) * 3 characters beside the prompt, and half of it is for what was said.
  for (const letter of ["a", "b"]) expect((await ask(`[[say:Yes.]]${letter.repeat(1_200)}`)).status).toBe(200);
  const message = unique("And now?");
  expect((await ask(message)).body.thread).toEqual({ turn: 3, turns_left_out: 1 });
  const texts = (await askedOf(message))[0]?.body.messages.map(({ content }: { content: string }) => content);
  expect(texts.some((text: string) => text.includes("aaaa"))).toBe(false);
  expect(texts.some((text: string) => text.includes("bbbb"))).toBe(true);
});

it("of two messages at once one is answered, and the other is refused before anything is paid for", async () => {
  const fresh = await registerCompany();
  const { id } = await createAgent(fresh, { model_id: await scriptedModel(fresh) });
  const thread_id = (await fresh.call("POST", `/agents/${id}/threads`, {})).body.id;
  const ask = (message: string) => fresh.call("POST", `/agents/${id}/execute`, { message, thread_id });
  const both = await Promise.all([ask("[[delay:3000]]one"), ask("[[delay:3000]]two")]);
  expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect(both.find(({ status }) => status === 409)?.body.reason).toBe("thread_busy");
  const month = new Date().toISOString().slice(0, 7);
  expect((await monthUsage(stackTable().of(fresh.organization_id), month)).records).toBe(1);
  // A failure leaves nothing behind, and lets go of the thread.
  expect((await ask(`[[fail:400]]${unique()}`)).status).toBe(502);
  expect((await ask("three")).body.thread).toEqual({ turn: 2, turns_left_out: 0 });
  // Deleted while it is answered: the answer was paid for, is recorded, and kept nowhere.
  const slow = ask("[[delay:3000]]four");
  const table = stackTable().of(fresh.organization_id);
  await eventually(async () => (await table.get(threadItem, { id: thread_id }))?.working, "it is being answered");
  expect((await fresh.call("DELETE", `/agents/${id}/threads/${thread_id}`)).status).toBe(204);
  expect([(await slow).status, (await slow).body.code]).toEqual([409, "conflict"]);
  expect((await monthUsage(table, month)).records).toBe(3);
});

it("a thread is its maker's own: nobody else of the company finds it, nor another company", async () => {
  const id = await begin();
  const stranger = await registerCompany();
  const admin = await addMember(company, "org_admin");
  for (const other of [stranger, admin]) {
    for (const path of [`${agent}/threads/${id}`, `${agent}/threads/${id}/turns`])
      expect((await other.call("GET", path)).status).toBe(404);
    expect((await other.call("DELETE", `${agent}/threads/${id}`)).status).toBe(404);
  }
  expect((await admin.call("GET", `${agent}/threads`)).body.items).toEqual([]);
  const refused = await admin.call("POST", `${agent}/execute`, { message: "x", thread_id: id });
  expect([refused.status, refused.body.code]).toEqual([422, "reference_not_found"]);
  // Rights are asked anew with each message.
  const member = await addMember(company, "developer");
  const own = (await member.call("POST", `${agent}/threads`, {})).body.id;
  expect((await member.call("POST", `${agent}/execute`, { message: "x", thread_id: own })).status).toBe(200);
  await company.call("PATCH", `/users/${member.user_id}`, { role: "viewer" });
  expect((await member.call("POST", `${agent}/execute`, { message: "y", thread_id: own })).status).toBe(403);
});
