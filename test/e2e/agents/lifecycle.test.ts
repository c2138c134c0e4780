import { beforeAll, describe, expect, it } from "vitest";
import { holdAgent, releaseAgent } from "../../../functions/agents/public.ts";
import { Problem } from "../../../shared/errors.ts";
import { createAgent, scriptedModel } from "../../support/agents.ts";
import { type Company, registerCompany } from "../../support/api.ts";
import { stackTable } from "../../support/stack.ts";
import { eventTypesOf } from "../../support/traces.ts";

let company: Company;
beforeAll(async () => {
  company = await registerCompany();
});

const pipelineOf = (agent_id: string, user_id = "pip_00000000000000000000000001") =>
  ({ agent_id, user_kind: "pipeline", user_id }) as const;

describe("the life of an agent", () => {
  it("goes from draft to active and back, to archived and back, each step with its event", async () => {
    const fresh = await registerCompany();
    const agent = await createAgent(fresh);
    const activated = await fresh.call("POST", `/agents/${agent.id}/activate`, { changelog: "first" });
    expect(activated.status).toBe(200);
    expect(activated.body).toMatchObject({
      status: "active",
      active_version: 1,
      latest_version: 1,
      has_unversioned_changes: false,
    });
    const version = await fresh.call("GET", `/agents/${agent.id}/versions/1`);
    expect(version.body).toMatchObject({ number: 1, changelog: "first", definition: { name: agent.name } });
    expect((await fresh.call("POST", `/agents/${agent.id}/deactivate`)).body.status).toBe("draft");
    const again = await fresh.call("POST", `/agents/${agent.id}/activate`);
    expect(again.body).toMatchObject({ active_version: 1, latest_version: 1 });
    expect((await fresh.call("POST", `/agents/${agent.id}/archive`)).body).toMatchObject({
      status: "archived",
      archived_at: expect.any(String),
    });
    expect((await fresh.call("POST", `/agents/${agent.id}/restore`)).body).toMatchObject({
      status: "draft",
      archived_at: null,
    });
    expect((await fresh.call("DELETE", `/agents/${agent.id}`)).status).toBe(204);
    expect((await fresh.call("DELETE", `/agents/${agent.id}`)).status).toBe(204);
    expect((await fresh.call("GET", `/agents/${agent.id}`)).body.status).toBe("archived");
    const types = (await eventTypesOf(fresh)).filter((type) => type.startsWith("agent."));
    expect(types.toSorted()).toEqual(
      [
        "agent.created",
        "agent.activated",
        "agent.version_created",
        "agent.deactivated",
        "agent.activated",
        "agent.archived",
        "agent.restored",
        "agent.archived",
        "agent.deleted",
      ].toSorted(),
    );
  });

  it("is refused from another state, and the refusal names the actual one", async () => {
    const agent = await createAgent(company);
    const path = `/agents/${agent.id}`;
    const refused = async (step: string, state: string) => {
      const answer = await company.call("POST", `${path}/${step}`);
      expect([step, answer.status, answer.body.code, answer.body.state]).toEqual([step, 409, "conflict", state]);
    };
    await refused("deactivate", "draft");
    await refused("restore", "draft");
    await company.call("POST", `${path}/activate`);
    await refused("activate", "active");
    await refused("restore", "active");
    await company.call("POST", `${path}/archive`);
    await refused("archive", "archived");
    await refused("activate", "archived");
    await refused("versions", "archived");
    const patched = await company.call("PATCH", path, { description: "x" });
    expect([patched.status, patched.body.state]).toEqual([409, "archived"]);
    const context = await company.call("POST", `${path}/contexts`, { name: "c", content_type: "text", content: "x" });
    expect([context.status, context.body.state]).toEqual([409, "archived"]);
    const executed = await company.call("POST", `${path}/execute`, { message: "hi" });
    expect([executed.status, executed.body.state]).toEqual([409, "archived"]);
  });

  it("of many steps at once lets exactly one happen", async () => {
    const agent = await createAgent(company);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => company.call("POST", `/agents/${agent.id}/activate`)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409]);
    expect((await company.call("GET", `/agents/${agent.id}/versions`)).body.items).toHaveLength(1);
    await company.call("DELETE", `/agents/${agent.id}`);
  });
});

describe("activation", () => {
  it("needs a model that can be called", async () => {
    const agent = await createAgent(company, { model_id: "openai/gpt-4o" });
    const refused = await company.call("POST", `/agents/${agent.id}/activate`);
    expect([refused.status, refused.body.state]).toEqual([409, "provider_not_configured"]);
    const status = await company.call("GET", `/agents/${agent.id}/execute/status`);
    expect(status.body).toMatchObject({ provider: "openai", is_configured: false, can_execute: false });
    await company.call("PUT", "/models/providers/openai", { api_key: "sk-0123456789abcdef" });
    expect((await company.call("GET", `/agents/${agent.id}/execute/status`)).body.can_execute).toBe(true);
    expect((await company.call("POST", `/agents/${agent.id}/activate`)).status).toBe(200);
    await company.call("DELETE", `/agents/${agent.id}`);
  });

  it("needs the organization's own model to be there still", async () => {
    const fresh = await registerCompany();
    const agent = await createAgent(fresh, { model_id: await scriptedModel(fresh) });
    await fresh.call("DELETE", "/models/providers/scripted");
    const refused = await fresh.call("POST", `/agents/${agent.id}/activate`);
    expect([refused.status, refused.body.code]).toEqual([422, "unknown_model"]);
  });

  it("needs every active context to be ready", async () => {
    const agent = await createAgent(company);
    const context = await company.call("POST", `/agents/${agent.id}/contexts`, {
      name: "manual",
      content_type: "file",
      file: { filename: "a.txt", media_type: "text/plain", size_bytes: 3 },
    });
    const refused = await company.call("POST", `/agents/${agent.id}/activate`);
    expect([refused.status, refused.body.state]).toEqual([409, "context_pending"]);
    await company.call("PATCH", `/agents/${agent.id}/contexts/${context.body.id}`, { is_active: false });
    expect((await company.call("POST", `/agents/${agent.id}/activate`)).status).toBe(200);
    await company.call("DELETE", `/agents/${agent.id}`);
  });
});

describe("an agent in use by a pipeline", () => {
  it("is not archived or deactivated, unless by force, and says who uses it", async () => {
    const agent = await createAgent(company);
    const path = `/agents/${agent.id}`;
    await company.call("POST", `${path}/activate`);
    const table = stackTable();
    const hold = () => table.transact(holdAgent(table, company.organization_id, pipelineOf(agent.id), new Date()));
    await hold();
    await expect(hold()).rejects.toMatchObject({ code: "conflict" });
    const uses = await company.call("GET", `${path}/uses`);
    expect(uses.body.items).toEqual([
      expect.objectContaining({ user_kind: "pipeline", user_id: pipelineOf("").user_id }),
    ]);
    for (const [method, step] of [
      ["POST", "/archive"],
      ["POST", "/deactivate"],
      ["DELETE", ""],
    ] as const) {
      const refused = await company.call(method, `${path}${step}`);
      expect([step, refused.status, refused.body.state]).toEqual([step, 409, "in_use"]);
    }
    expect((await company.call("DELETE", `${path}?force=true`)).status).toBe(204);
    await table.transact(releaseAgent(table, company.organization_id, pipelineOf(agent.id)));
    expect((await company.call("GET", `${path}/uses`)).body.items).toEqual([]);
  });

  it("cannot be taken into use unless it is active", async () => {
    const agent = await createAgent(company);
    const table = stackTable();
    const hold = table.transact(holdAgent(table, company.organization_id, pipelineOf(agent.id), new Date()));
    await expect(hold).rejects.toSatisfy(
      (error) => error instanceof Problem && error.options.members?.state === "draft",
    );
    await company.call("DELETE", `/agents/${agent.id}`);
  });

  it("is either taken into use or archived when both happen at once, never both", async () => {
    const table = stackTable();
    for (let round = 0; round < 5; round++) {
      const agent = await createAgent(company);
      await company.call("POST", `/agents/${agent.id}/activate`);
      const [held, archived] = await Promise.all([
        table
          .transact(holdAgent(table, company.organization_id, pipelineOf(agent.id), new Date()))
          .then(() => true)
          .catch((error: unknown) => {
            if (error instanceof Problem) return false;
            throw error;
          }),
        company.call("POST", `/agents/${agent.id}/archive`),
      ]);
      expect(held).toBe(archived.status === 409);
      const read = await company.call("GET", `/agents/${agent.id}`);
      expect(read.body.status).toBe(held ? "active" : "archived");
      await company.call("DELETE", `/agents/${agent.id}?force=true`);
    }
  });
});
