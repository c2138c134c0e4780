import { beforeAll, describe, expect, it } from "vitest";
import { createAgent } from "../../support/agents.ts";
import { type Company, registerCompany, unique } from "../../support/api.ts";
import { addMember, type TestMember } from "../../support/members.ts";

const SECRET = "Our recipe: always offer tea first.";
let company: Company;
let viewer: TestMember;
let developer: TestMember;
beforeAll(async () => {
  company = await registerCompany();
  [viewer, developer] = await Promise.all([addMember(company, "viewer"), addMember(company, "developer")]);
});

describe("prompts", () => {
  it("of an agent and its versions are seen by who may read prompts, and by nobody else", async () => {
    const agent = await createAgent(company, { system_prompt: "Old." });
    const path = `/agents/${agent.id}`;
    await company.call("POST", `${path}/versions`);
    await company.call("PATCH", path, { system_prompt: SECRET });
    await company.call("POST", `${path}/versions`);
    for (const read of [path, `${path}/versions/2`, `${path}/versions/2/diff`, `${path}/versions`, "/agents"]) {
      const answer = await viewer.call("GET", read);
      expect(answer.status, read).toBe(200);
      expect(answer.text, read).not.toContain("recipe");
    }
    expect((await viewer.call("GET", path)).body.system_prompt).toBeNull();
    expect((await developer.call("GET", path)).body.system_prompt).toBe(SECRET);
    expect((await developer.call("GET", `${path}/versions/2`)).body.definition.system_prompt).toBe(SECRET);
  });

  it("in a graph have a sign in their place, which keeps them when it comes back", async () => {
    const created = await company.call("POST", "/pipelines", { name: unique("Pipeline"), pattern: "sequential" });
    const path = `/pipelines/${created.body.id}`;
    const node = (id: string, system_prompt_override: string) => ({
      id,
      kind: "agent",
      label: id,
      config: { system_prompt_override },
    });
    const nodes = [node("a", SECRET)];
    const saved = await company.call("PUT", `${path}/graph`, { nodes, connections: [] });
    expect(saved.status, saved.text).toBe(200);
    for (const read of [path, `${path}/nodes`, `${path}/nodes/a`, `${path}/revisions/2`]) {
      const answer = await viewer.call("GET", read);
      expect(answer.status, read).toBe(200);
      expect(answer.text, read).toContain("{concealed}");
      expect(answer.text, read).not.toContain("recipe");
    }
    const { graph } = (await viewer.call("GET", path)).body;
    const again = await company.call("PUT", `${path}/graph`, graph);
    expect([again.status, again.body.revision]).toEqual([200, 2]);
    expect((await developer.call("GET", `${path}/nodes/a`)).body.config.system_prompt_override).toBe(SECRET);
    const unknown = await company.call("POST", `${path}/nodes`, node("b", "{concealed}"));
    expect(unknown.status).toBe(422);
    const message = "stands for no stored prompt; send the text";
    expect(unknown.body.issues).toEqual([{ path: "config.system_prompt_override", message }]);
    const whole = await company.call("PUT", `${path}/graph`, {
      nodes: [...nodes, node("b", "{concealed}")],
      connections: [],
    });
    expect(whole.body.issues).toEqual([{ path: "nodes.1.config.system_prompt_override", message }]);
  });
});

describe("the address of a webhook", () => {
  it("is seen in full by who may change the webhook; others see whose it is", async () => {
    const url = "https://hooks.example.com/services/T000/secret-path";
    const created = await company.call("POST", "/webhooks", { name: "Hook", url, events: ["agent.created"] });
    expect(created.body.url).toBe(url);
    const path = `/webhooks/${created.body.id}`;
    for (const read of [path, "/webhooks", `${path}/deliveries`]) {
      const answer = await viewer.call("GET", read);
      expect(answer.status, read).toBe(200);
      expect(answer.text, read).not.toContain("secret-path");
    }
    expect((await viewer.call("GET", path)).body.url).toBe("https://hooks.example.com/{concealed}");
    expect((await company.call("GET", path)).body.url).toBe(url);
  });
});
