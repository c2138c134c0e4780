import { beforeAll, describe, expect, inject, it } from "vitest";
import * as auditHandlers from "../../../functions/audit/handlers.ts";
import { apiOperations, streamOperations } from "../../../functions/audit/operations.ts";
import { operations as models } from "../../../functions/models/operations.ts";
import { operations as pipelines } from "../../../functions/pipelines/operations.ts";
import { operations as teams } from "../../../functions/teams/operations.ts";
import { operations as webhooks } from "../../../functions/webhooks/operations.ts";
import { createDispatcher } from "../../../shared/http/dispatch.ts";
import type { OperationShape } from "../../../shared/http/operation.ts";
import { held, leaseItem, takeLease } from "../../../shared/limits/leases.ts";
import { plans } from "../../../shared/limits/plans.ts";
import { callInside } from "../../security/inside.ts";
import { type ApiAnswer, type Company, registerCompany, unique } from "../../support/api.ts";
import { memoryKey } from "../../support/audit-tree.ts";
import { memoryLocked } from "../../support/memory-locked.ts";
import { stackPlatform, stackTable } from "../../support/stack.ts";

const { free } = plans;

let company: Company;
let pipeline_id: string;
const ask = (operation: OperationShape, path: string, body?: unknown): Promise<ApiAnswer> =>
  callInside(operation, path, { token: company.token, body });

beforeAll(async () => {
  company = await registerCompany();
  const made = await ask(pipelines.create, "/pipelines", { name: unique(), pattern: "router" });
  pipeline_id = made.body.id;
});

interface Limited {
  readonly resource: "teams" | "webhooks" | "model_providers" | "uploads";
  readonly make: (nth: number) => Promise<ApiAnswer>;
  /** Ends one of those that were made, where somebody can. */
  readonly end?: (made: ApiAnswer) => Promise<ApiAnswer>;
}

const limited: readonly Limited[] = [
  {
    resource: "teams",
    make: () => ask(teams.create, "/teams", { name: unique("Team") }),
    end: ({ body }) => ask(teams.remove, `/teams/${body.id}`),
  },
  {
    resource: "webhooks",
    // Nothing here archives an agent: a hundred deliveries to nowhere would keep the stack from everything else.
    make: () =>
      ask(webhooks.create, "/webhooks", { name: "Hook", url: "https://example.com/hook", events: ["agent.archived"] }),
    end: ({ body }) => ask(webhooks.remove, `/webhooks/${body.id}`),
  },
  {
    resource: "model_providers",
    make: (nth) =>
      ask(models.putProvider, `/models/providers/own-${nth}`, {
        base_url: `${inject("stack").modelServerUrl}/v1`,
        models: [{ name: "small", provider_model_id: "small", price: { input: 1_000_000, output: 2_000_000 } }],
      }),
    end: ({ body }) => ask(models.deleteProvider, `/models/providers/${body.name}`),
  },
  {
    resource: "uploads",
    make: () => ask(pipelines.createGraphUpload, `/pipelines/${pipeline_id}/graph/uploads`, { bytes: 100 }),
  },
];

describe.each(limited)("a plan's $resource", ({ resource, make, end }) => {
  it("are given out up to the limit, whoever asks at the same moment; the refusal says limit, usage and what to do", async () => {
    const limit = free[resource];
    const answers = await Promise.all(Array.from({ length: 2 * limit }, (_, i) => make(i)));
    const made = answers.filter(({ status }) => status < 300);
    const refused = answers.filter(({ status }) => status >= 300);
    expect([made.length, refused.length]).toEqual([limit, limit]);
    for (const { status, body } of refused) {
      expect([status, body.code]).toEqual([402, "quota_exceeded"]);
      expect(body).toMatchObject({ resource, limit, usage: limit });
      expect(body.detail).toMatch(new RegExp(`plan free has room for ${limit} .*, or change the plan\\.$`));
    }
    if (end === undefined || made[0] === undefined) return;
    expect((await end(made[0])).status).toBe(204);
    const again = await Promise.all([2 * limit, 2 * limit + 1].map(make));
    expect(again.map(({ status }) => status < 300).sort()).toEqual([false, true]);
  });
});

describe("an export of the audit trail", () => {
  const platform = stackPlatform();
  const dispatch = createDispatcher({ ...apiOperations, ...streamOperations }, auditHandlers, platform, {
    ...platform,
    key: memoryKey().key,
    files: memoryLocked(),
  });
  const exported = () =>
    dispatch({
      method: "GET",
      path: "/api/v1/audit/export",
      query: "",
      headers: { authorization: `Bearer ${company.token}` },
      body: undefined,
      ip: "127.0.0.1",
    });

  it("holds a place among the plan's streams until it is read; one that finds none is refused and leaves no entry", async () => {
    const table = stackTable().of(company.organization_id);
    const streams = async () => held(await table.get(leaseItem, { resource: "streams" }), new Date());
    const first = await exported();
    expect([first.status, await streams()]).toEqual([200, 1]);
    let text = "";
    for await (const piece of first.body as AsyncIterable<string>) text += piece;
    expect(text.match(/"audit.exported"/g)).toHaveLength(1);
    expect(await streams()).toBe(0);
    const take = () => takeLease(table, "free", "streams", 60, () => new Date());
    const leases = await Promise.all(Array.from({ length: free.streams }, take));
    const refused = await exported();
    expect([refused.status, JSON.parse(refused.body as string)]).toMatchObject([
      402,
      { code: "quota_exceeded", resource: "streams", limit: free.streams },
    ]);
    for (const lease of leases) await lease.give();
    const last = await exported();
    text = "";
    for await (const piece of last.body as AsyncIterable<string>) text += piece;
    expect(text.match(/"audit.exported"/g)).toHaveLength(2);
  });
});
