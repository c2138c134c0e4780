import { createHash, randomBytes } from "node:crypto";
import { Client } from "./client.ts";
import { brokenGraph, supportGraph } from "./graph.ts";
import { startReceiver } from "./receiver.ts";
import { checkAudit, checkEvents, followRun, showReply, showSteps, type Trail } from "./scenes.ts";
import { bold, dim, short } from "./show.ts";
import { must, remark, Story, until } from "./story.ts";
import { mailed, PROOF } from "./system.ts";

/** From registration to a run that is watched, an audit trail that is complete and events that are signed. */
export async function tell(gateway: string): Promise<boolean> {
  const api = new Client(gateway);
  const receiver = await startReceiver();
  const story = new Story();
  const trail: Trail = { changes: [], events: [] };
  const did = (action: string, id: string) => void trail.changes.push({ action, id });

  const tag = randomBytes(3).toString("hex");
  const email = `ada-${tag}@example.com`;
  const password = randomBytes(12).toString("base64url");
  const subscribed = ["workspace.*", "agent.*", "pipeline.*", "run.*", "webhook.*"];
  /** The scripted model of the local system takes its time when it reads this; a real one takes its own. */
  const slowly = (ms: number) => `[[delay:${ms}]]`;
  const complaint = "I was charged twice for order 4711 and want a refund of the second payment.";

  let organization = "";
  let user = "";
  let workspace = "";
  let model = "";
  const agents = { classifier: "", policy: "", orders: "" };
  let pipeline = "";
  let run = "";

  console.log(bold(`Kaizen Studio at ${gateway}/api/v1`));
  console.log(dim("Each request, and what was answered; tokens and secrets are shortened."));

  await story.step("A company registers with its first user", async () => {
    await api.post("/auth/register", { email, name: "Ada", organization_name: `Northwind ${tag}` }, 202);
    const token = await mailed(gateway, email, PROOF);
    remark("The mail that proves her address has come; the local AWS keeps it.");
    const registered = await api.post("/auth/verify-email", { token, password }, 201);
    organization = registered.organization.id;
    user = registered.user.id;
    did("organization.created", organization);
    did("user.registered", user);
    did("workspace.created", registered.workspace.id);
    return `${registered.organization.name} on the plan ${registered.organization.plan}`;
  });

  await story.step("She signs in, and is let in as who she is", async () => {
    await api.post("/auth/login", { email, password: `${password}?` }, 401);
    const signedIn = await api.post("/auth/login", { email, password }, 200);
    api.token = signedIn.tokens.access_token;
    const me = await api.get("/auth/me");
    must(me.user.id === user && me.organization.id === organization, "the API takes her for somebody else");
    return `role ${me.role}`;
  });

  await story.step("A workspace for the support desk", async () => {
    const made = await api.post("/workspaces", { name: "Support desk", environment: "staging" }, 201);
    workspace = made.id;
    did("workspace.created", workspace);
    return `beside the first one; the plan has room for this one`;
  });

  await story.step("Her own server asks to be told of everything, signed", async () => {
    const body = { name: "Support events", url: `${receiver.url}/events`, events: subscribed };
    const made = await api.post("/webhooks", body, 201);
    receiver.secret = made.secret;
    did("webhook.created", made.id);
    return `${made.events.length} groups of events`;
  });

  const activeAgent = async (name: string, system_prompt: string): Promise<string> => {
    const body = {
      name,
      agent_type: "task",
      model_id: model,
      system_prompt,
      workspace_ids: [workspace],
      temperature: 0,
    };
    const { id } = await api.post("/agents", body, 201);
    did("agent.created", id);
    return id;
  };
  const activate = async (id: string): Promise<void> => {
    await api.post(`/agents/${id}/activate`, {}, 200, true);
    did("agent.activated", id);
  };

  await story.step("An agent that sorts messages", async () => {
    const models = await api.get("/models");
    const usable = models.items.find((one: { status: string }) => one.status === "available");
    must(usable !== undefined, "no model can be used");
    model = usable.id;
    agents.classifier = await activeAgent(
      "Sorter",
      "You sort customers' messages.\n- refund: money back, charged, payment, invoice\n- question: how, when, where, opening hours\n- complaint: broken, late, rude\nAnswer with exactly one of: refund, question, complaint",
    );
    await activate(agents.classifier);
    return model;
  });

  await story.step("An agent that knows the policy: a text, and a file by presigned upload", async () => {
    agents.policy = await activeAgent("Policy", "You answer with what our policy says, in two sentences.");
    const path = `/agents/${agents.policy}/contexts`;
    const text = "A payment that was charged twice is refunded within five days. Gift cards are never refunded.";
    const note = await api.post(path, { name: "Refund policy", content_type: "text", content: text }, 201);
    const bytes = Buffer.from("# Payments\n\nA refund of a double payment goes back to the card it came from.\n");
    const file = {
      filename: "payments.md",
      media_type: "text/markdown",
      size_bytes: bytes.byteLength,
      sha256: createHash("sha256").update(bytes).digest("hex"),
    };
    const slot = await api.post(path, { name: "Payments", content_type: "file", file }, 201);
    const { url, method, headers } = slot.upload;
    const put = await fetch(url, { method, headers, body: bytes });
    remark(
      `${method} ${new URL(url).pathname.slice(0, 40)}… (${bytes.byteLength} bytes, straight to the file store) ${put.status}`,
    );
    must(put.ok, "the upload was refused");
    const ready = await api.post(`${path}/${slot.id}/complete`, undefined, 200);
    must(note.status === "ready" && ready.status === "ready", "a context is not ready");
    for (let i = 0; i < 3; i++) did("agent.context_changed", agents.policy);
    await activate(agents.policy);
    return "2 contexts";
  });

  await story.step("An agent with a tool that asks the order system", async () => {
    agents.orders = await activeAgent(
      "Orders",
      "You look up the order that the customer names and say what you found.",
    );
    const tool = {
      tool_type: "api",
      name: "lookup_order",
      description: "Looks up an order by its number: item, payments, delivery.",
      config: {
        endpoint: `${receiver.url}/orders/{order}`,
        method: "GET",
        secret_headers: { "x-demo-key": "not shown again" },
        parameters: {
          type: "object",
          required: ["order"],
          properties: { order: { type: "integer" } },
        },
      },
    };
    const made = await api.post(`/agents/${agents.orders}/tools`, tool, 201);
    must(!JSON.stringify(made).includes("not shown again"), "a secret header was shown");
    did("agent.tool_changed", agents.orders);
    await activate(agents.orders);
    return "1 tool; its key is stored encrypted";
  });

  await story.step("A version: what it was is kept, whatever changes", async () => {
    const path = `/agents/${agents.policy}`;
    await api.call("PATCH", path, { body: { description: "Knows the refund policy" }, expect: 200 });
    did("agent.updated", agents.policy);
    const made = await api.post(`${path}/versions`, { changelog: "A description" }, 201);
    did("agent.version_created", agents.policy);
    const diff = await api.get(`${path}/versions/${made.number}/diff?against=${made.number - 1}`);
    return `version ${made.number}: ${short(diff.definition ?? diff).slice(0, 60)}`;
  });

  await story.step("A pipeline is drawn", async () => {
    const made = await api.post("/pipelines", { name: "Support", pattern: "router", workspace_ids: [workspace] }, 201);
    pipeline = made.id;
    did("pipeline.created", pipeline);
    const graph = supportGraph(agents);
    const saved = await api.call("PUT", `/pipelines/${pipeline}/graph`, { body: graph, expect: 200 });
    did("pipeline.graph_replaced", pipeline);
    const checked = await api.post(`/pipelines/${pipeline}/validate`, {}, 200);
    must(checked.valid && checked.errors.length === 0, "the graph has errors");
    return `${graph.nodes.length} nodes, revision ${saved.body.revision}, no errors`;
  });

  await story.step("A broken one is refused, with reasons", async () => {
    const saved = await api.call("PUT", `/pipelines/${pipeline}/graph`, {
      body: brokenGraph(agents),
      expect: 200,
      quiet: true,
    });
    did("pipeline.graph_replaced", pipeline);
    const refused = await api.post(`/pipelines/${pipeline}/activate`, { revision: saved.body.revision }, 409);
    for (const issue of refused.issues) remark(`${issue.code}: ${issue.message}`);
    must(refused.code === "graph_invalid" && refused.issues.length >= 3, "not every mistake was named");
    await api.call("PUT", `/pipelines/${pipeline}/graph`, { body: supportGraph(agents), expect: 200, quiet: true });
    did("pipeline.graph_replaced", pipeline);
    return `${refused.issues.length} reasons`;
  });

  await story.step("The right one is activated", async () => {
    const active = await api.post(`/pipelines/${pipeline}/activate`, {}, 200);
    did("pipeline.activated", pipeline);
    return `revision ${active.active_revision}`;
  });

  await story.step("It runs, watched live", async () => {
    const started = await api.post(
      `/pipelines/${pipeline}/runs`,
      { input: { message: complaint, hint: slowly(700) } },
      202,
    );
    run = started.id;
    did("run.started", run);
    const ended = await followRun(api, run);
    must(ended === "run.completed", `the run ended with ${ended}`);
    did("run.completed", run);
    const done = await api.get(`/runs/${run}`);
    must(done.status === "completed", "the run is not completed");
    const reply = JSON.stringify(done.output);
    must(reply.includes("five days") && reply.includes("4711"), "the answer lacks what the agents know");
    must(receiver.tool_calls.length === 1, `the tool was called ${receiver.tool_calls.length} times`);
    const steps = await api.all(`/runs/${run}/steps`);
    showSteps(steps);
    showReply(done.output);
    const { totals, duration_ms } = done;
    must(totals.tokens_in > 0 && totals.tokens_out > 0 && totals.cost_usd_micros > 0, "tokens or cost are missing");
    return `${duration_ms} ms, ${totals.tokens_in} + ${totals.tokens_out} tokens, ${(totals.cost_usd_micros / 1e6).toFixed(6)} $`;
  });

  await story.step("A second run is stopped midway", async () => {
    const started = await api.post(
      `/pipelines/${pipeline}/runs`,
      { input: { message: complaint, hint: slowly(4_000) } },
      202,
    );
    did("run.started", started.id);
    await until("its first agent", async () => {
      const { items } = await api.get(`/runs/${started.id}/steps`, true);
      return items.some((step: { node_id: string }) => step.node_id === "sort") ? true : undefined;
    });
    await api.post(`/runs/${started.id}/stop`, undefined, 202);
    const ended = await until("the stop", async () => {
      const one = await api.get(`/runs/${started.id}`, true);
      return one.status === "running" || one.status === "queued" ? undefined : one;
    });
    must(ended.status === "stopped", `the run is ${ended.status}`);
    did("run.stopped", started.id);
    const steps = await api.all(`/runs/${started.id}/steps`);
    must(!steps.some((step) => step.node_id === "policy"), "a step began after the stop");
    return `after ${ended.duration_ms} ms; ${supportGraph(agents).nodes.length - steps.length} nodes never began`;
  });

  await story.step("The audit trail has every change", () => checkAudit(api, trail, user));

  await story.step("All of it arrived as signed events", () => checkEvents(api, receiver, trail, subscribed));

  await receiver.close();
  console.log(`\n${story.summary()}\n`);
  console.log(story.complete ? `Done: ${api.calls} calls.` : "The story did not come to its end.");
  return story.complete;
}
