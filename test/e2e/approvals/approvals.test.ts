import { execFile } from "node:child_process";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { sentMails } from "../../../local/mails.ts";
import { type Company, call, eventually } from "../../support/api.ts";
import { addMember, type TestMember } from "../../support/members.ts";
import { type Edge, ended, graphOf, lab, type Node, pipelineWith, redraw, testRun } from "../runs/setup.ts";

/** Nothing is asked of a graph without a pattern. */
const FREE = "custom";

let company: Company;
let pipeline: string;
let ada: TestMember;
let bob: TestMember;

beforeAll(async () => {
  ({ company } = await lab());
  pipeline = await pipelineWith(company, asks({}), FREE);
  [ada, bob] = await Promise.all([addMember(company, "org_admin"), addMember(company, "org_admin")]);
});

function asks(config: object, rejected = true) {
  const nodes: Node[] = [
    { id: "in", kind: "input" },
    { id: "ask", kind: "approval", config },
    { id: "yes", kind: "output", config: { mapping: { by: "input.decisions[0].user_id", text: "run.input.text" } } },
    { id: "no", kind: "output", config: { mapping: { why: "input.decisions[0].comment" } } },
  ];
  const edges: Edge[] = [
    ["in", "ask"],
    ["ask", "yes", "approved"],
    ["ask", "no", "rejected"],
  ];
  return rejected ? graphOf(nodes, edges) : graphOf(nodes.slice(0, 3), edges.slice(0, 2));
}

const started = async (config: object, rejected?: boolean) => {
  await redraw(company, pipeline, asks(config, rejected));
  return testRun(company, pipeline, { input: { text: "Hello", apiKey: "k-123" } });
};

/** A run that waits for an approval. */
async function waits(config: object, rejected?: boolean) {
  const run_id = await started(config, rejected);
  const approval = await approvalOf(run_id);
  return { run_id, id: approval.id as string, approval };
}

const approvalOf = (run_id: string) =>
  eventually(async () => (await company.call("GET", `/approvals?run_id=${run_id}`)).body.items[0], "somebody is asked");

describe("a run that asks people", () => {
  it("waits, shows what it is about without secrets, and goes on when an approver approves", async () => {
    const { run_id, id, approval } = await waits({ message: "Send {{ input.text }}?", required: 1 });
    expect(approval).toMatchObject({
      status: "pending",
      title: "ask",
      message: "Send Hello?",
      required: 1,
      decisions: [],
      requested_by: { type: "user", id: company.user_id },
      may_decide: false,
    });
    const [step] = (await company.call("GET", `/runs/${run_id}/steps?node_id=ask`)).body.items;
    expect(step).toMatchObject({
      status: "waiting",
      waits_for: "approval",
      approval_id: id,
      wait_until: approval.expires_at,
    });
    const seen = await ada.call("GET", `/approvals/${id}`);
    expect(seen.body).toMatchObject({ may_decide: true, payload: { text: "Hello", apiKey: "[masked]" } });
    const inbox = await ada.call("GET", "/approvals?status=pending");
    expect(inbox.body.items.find((one: { id: string }) => one.id === id)).toMatchObject({ may_decide: true });

    const own = await company.call("POST", `/approvals/${id}/approve`);
    expect([own.status, own.body.detail]).toEqual([403, "You started the run. Somebody else has to decide."]);

    const approved = await ada.call("POST", `/approvals/${id}/approve`, { comment: "Fine." });
    expect(approved.body).toMatchObject({
      status: "approved",
      decisions: [{ user_id: ada.user_id, decision: "approved", comment: "Fine." }],
      may_decide: false,
    });
    const late = await bob.call("POST", `/approvals/${id}/reject`, { comment: "No." });
    expect([late.status, late.body.code]).toEqual([409, "conflict"]);
    expect(await ended(company, run_id)).toMatchObject({
      status: "completed",
      output: { by: ada.user_id, text: "Hello" },
    });
    const audit = await company.call("GET", `/audit/resources/approval/${id}`);
    expect(audit.body.items.map((entry: { action: string }) => entry.action)).toEqual([
      "approval.approved",
      "approval.requested",
    ]);
  });

  it("takes as many as it says, each once, and the first rejection rejects", async () => {
    const { run_id, id } = await waits({ required: 2 });
    expect((await ada.call("POST", `/approvals/${id}/approve`)).body.status).toBe("pending");
    const again = await ada.call("POST", `/approvals/${id}/approve`);
    expect([again.status, again.body.state]).toEqual([409, "decided_already"]);
    const silent = await bob.call("POST", `/approvals/${id}/reject`, {});
    expect([silent.status, silent.body.errors?.[0]?.path ?? silent.body.issues?.[0]?.path]).toEqual([422, "comment"]);
    expect((await bob.call("POST", `/approvals/${id}/reject`, { comment: "Too loud." })).body.status).toBe("rejected");
    expect(await ended(company, run_id)).toMatchObject({ status: "completed", output: { why: null } });
  });

  it("is listed, shown and decided in a shell, as whoever the token is of", async () => {
    const shell = (who: { readonly token: string } | undefined, ...words: string[]) =>
      new Promise<{ code: number; out: string; err: string }>((resolve) =>
        execFile(
          process.execPath,
          ["admin/approvals.ts", ...words],
          { env: { KAIZEN_API: `${inject("stack").apiUrl}/api/v1`, KAIZEN_TOKEN: who?.token ?? "" } },
          (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
        ),
      );
    const { run_id, id } = await waits({ message: "Send {{ input.text }}?" });
    const listed = await shell(ada, "list");
    expect([listed.code, listed.err]).toEqual([0, ""]);
    expect(listed.out).toContain(`${id}  until `);
    expect((await shell(company, "list")).out).not.toContain(id);
    const shown = await shell(ada, "show", id);
    expect(shown.out).toContain("ask (pending)\nSend Hello?\n");
    expect(shown.out).toContain('"apiKey": "[masked]"');
    const own = await shell(company, "approve", id);
    expect([own.code, own.out, own.err.split("\n")[0]]).toEqual([
      1,
      "",
      "You started the run. Somebody else has to decide.",
    ]);
    const usage = [
      await shell(ada, "reject", id),
      await shell(ada),
      await shell(undefined, "list"),
      await shell(ada, "approve", id, "--loudly"),
    ];
    for (const { code, out, err } of usage)
      expect([code, out, err.includes("npm run approvals -- <command>")]).toEqual([2, "", true]);
    expect(await shell(ada, "approve", id, "--comment", "Fine.")).toEqual({
      code: 0,
      out: expect.stringMatching(/^ask \(pending\)\nSend Hello\?\n[\s\S]*\n\nask is approved\.\n$/),
      err: "",
    });
    expect((await ended(company, run_id)).status).toBe("completed");
    const forged = await waits({ message: "Send \u001b[1A\u001b[2K\u009b2J\u202eolleH?" });
    const seen = (await shell(ada, "show", forged.id)).out + (await shell(ada, "list")).out;
    expect(seen).toContain("Send ");
    for (const mark of "\u001b\u009b\u202e") expect(seen).not.toContain(mark);
    await ada.call("POST", `/approvals/${forged.id}/reject`, { comment: "No." });
    const gone = await shell(
      ada,
      "show",
      id.replace(/.$/, (last) => (last === "0" ? "1" : "0")),
    );
    expect([gone.code, gone.out]).toEqual([1, ""]);
  });

  it("fails where nothing is connected to a rejection", async () => {
    const { run_id, id } = await waits({}, false);
    await ada.call("POST", `/approvals/${id}/reject`, { comment: "Not yet." });
    const run = await ended(company, run_id);
    expect([run.status, run.error.code]).toEqual(["failed", "approval_rejected"]);
    expect(run.error.message).toContain("Not yet.");
  });

  it("asks whom it names only, and fails at once where too few are there", async () => {
    const { id } = await waits({ approvers: { users: [bob.user_id] } });
    const other = await ada.call("POST", `/approvals/${id}/approve`);
    expect([other.status, other.body.detail]).toEqual([403, "The step asks others: `approvers` says whom."]);
    expect((await bob.call("POST", `/approvals/${id}/approve`)).body.status).toBe("approved");

    const nobody = { approvers: { users: [company.user_id] } };
    const run = await ended(company, await started(nobody));
    expect([run.status, run.error.code]).toEqual(["failed", "approvers_missing"]);
  });

  it("mails each approver a link of their own, by which they decide; who started it gets none", async () => {
    const { run_id, id } = await waits({
      message: "Send {{ input.text }}?",
      approvers: { users: [ada.user_id, bob.user_id] },
    });
    const linkTo = ({ email }: { readonly email: string }) =>
      eventually(async () => {
        const mails = (await sentMails(inject("stack").endpoint)).filter(({ to }) => to.includes(email));
        return mails
          .flatMap(({ text }) => new RegExp(`/approvals/${id}#\\S*token=(\\S+)`).exec(text)?.[1] ?? [])
          .at(-1);
      }, "the mail with the link");
    const token = await linkTo(ada);
    expect(await linkTo(bob)).not.toBe(token);
    const decided = await call("POST", "/approvals/decide-by-link", { body: { token, decision: "approved" } });
    expect(decided.body).toMatchObject({ status: "approved", decisions: [{ user_id: ada.user_id }] });
    expect(await ended(company, run_id)).toMatchObject({ status: "completed", output: { by: ada.user_id } });
    const mails = await sentMails(inject("stack").endpoint);
    expect(mails.filter(({ to, text }) => to.includes(company.email) && text.includes(id))).toEqual([]);
  });

  it("is not activated where it names somebody who is not there, or nobody yet", async () => {
    const stranger = "usr_01JDQ4X0Z5V8W3N7K2M9R6T1BC";
    const drawn = (users: string[]) =>
      company.call("PUT", `/pipelines/${pipeline}/graph`, asks({ approvers: { users } }));
    expect((await drawn([stranger, ada.user_id])).body.validation.valid).toBe(false);
    const named = await company.call("POST", `/pipelines/${pipeline}/activate`, {});
    expect([named.status, named.body.code]).toEqual([409, "graph_invalid"]);
    expect(named.body.graph_errors).toMatchObject([{ code: "approver_not_found", node_ids: ["ask"] }]);
    expect(named.body.detail).toContain(stranger);
    expect((await drawn([])).status).toBe(200);
    const empty = await company.call("POST", `/pipelines/${pipeline}/activate`, {});
    expect(empty.body.graph_errors).toMatchObject([{ code: "config_incomplete", node_ids: ["ask"] }]);
  });

  it("asks again in a retry by who has approved, and by nobody else", async () => {
    const nodes: Node[] = [
      { id: "in", kind: "input" },
      { id: "ask", kind: "approval", config: {} },
      { id: "boom", kind: "transform", config: { expression: '$error("boom")' } },
      { id: "out", kind: "output" },
    ];
    const edges: Edge[] = [
      ["in", "ask"],
      ["ask", "boom", "approved"],
      ["boom", "out"],
    ];
    await redraw(company, pipeline, graphOf(nodes, edges));
    const run_id = await testRun(company, pipeline, { input: {} });
    const { id } = await approvalOf(run_id);
    await ada.call("POST", `/approvals/${id}/approve`);
    await ended(company, run_id);
    const mine = await ada.call("POST", `/runs/${run_id}/retry`);
    expect(await approvalOf(mine.body.id)).toMatchObject({ status: "pending", requested_by: { id: ada.user_id } });
    await company.call("POST", `/runs/${mine.body.id}/stop`);
    const hers = await company.call("POST", `/runs/${run_id}/retry`);
    expect((await ended(company, hers.body.id)).error.node_id).toBe("boom");
    expect((await company.call("GET", `/approvals?run_id=${hers.body.id}`)).body.items).toEqual([]);
  });

  it("asks nobody any more once it is over", async () => {
    const { run_id, id } = await waits({});
    expect((await company.call("POST", `/runs/${run_id}/stop`)).status).toBe(202);
    const cancelled = await eventually(async () => {
      const { body } = await ada.call("GET", `/approvals/${id}`);
      return body.status === "pending" ? undefined : body;
    }, "the approval is cancelled");
    expect(cancelled).toMatchObject({ status: "cancelled", may_decide: false });
  });
});
