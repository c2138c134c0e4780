import { Buffer } from "node:buffer";
import { holdAgent } from "../../../functions/agents/public.ts";
import type { WorkDeps } from "../../../functions/deployments/deps.ts";
import { work } from "../../../functions/deployments/steps/work.ts";
import { deploymentItem, type StoredDeployment, slotItem } from "../../../functions/deployments/store.ts";
import { gatewayUseItem } from "../../../functions/gateways/store.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { Table } from "../../../shared/dynamo/table.ts";
import type { OutboundRequest, OutboundResult } from "../../../shared/outbound/index.ts";
import { activeAgent } from "../../e2e/runs/setup.ts";
import { type Company, unique } from "../../support/api.ts";
import { deploymentNamed } from "../../support/deployments.ts";
import { stackPlatform, stackTable } from "../../support/stack.ts";
import { did } from "../../support/suites.ts";

const nothing = async () => Promise.reject(new Error("there is no data plane here"));
/** Its gateways are servers: nothing goes to the data plane. */
const withoutDataPlane = { plane: { ask: nothing }, plane_secrets: { encrypt: nothing }, signer: { sign: nothing } };

/** Whoever works at it dies. */
export class Death extends Error {}

/** How many requests to the table, or to the gateway, are made before death comes: with the last of them, or right after it. */
export interface Fate {
  readonly of: "table" | "gateway";
  readonly after: number;
  readonly done: boolean;
}

/** A company with an agent, a gateway of which each answer is known, and deployments that are put there by hand. */
export class World {
  now = new Date();
  readonly registrations = new Map<string, { readonly key: string; readonly digest: string }>();
  readonly asked: OutboundRequest[] = [];
  /** What the gateway says instead; undefined: what it should. */
  says: (request: OutboundRequest) => OutboundResult | undefined = () => undefined;
  readonly company: Company;
  readonly agent_id: string;
  readonly gateway_id: string;
  #made = 0;

  constructor(company: Company, agent_id: string, gateway_id: string) {
    this.company = company;
    this.agent_id = agent_id;
    this.gateway_id = gateway_id;
  }

  static async of(company: Company): Promise<World> {
    const body = { name: unique("Gateway"), api_url: "https://agents.example.com", api_key: "key" };
    const gateway = await did(company, "POST", "/gateways", body);
    return new World(company, await activeAgent(company, {}), gateway.id);
  }

  get own() {
    return stackTable().of(this.company.organization_id);
  }

  /** One that is active, as if it had been deployed before. */
  async active(): Promise<StoredDeployment> {
    const registration_id = `reg-${++this.#made}`;
    const one = this.#one({
      status: "active",
      digest: "sha256:old",
      registration_id,
      deployed_at: timestamp(this.now),
    });
    this.registrations.set(registration_id, { key: one.id, digest: "sha256:old" });
    const { agent_id, gateway_id } = this;
    await this.own.transact([
      this.own.writes.create(deploymentItem, one),
      this.own.writes.put(slotItem, { gateway_id, target_id: agent_id, active_id: one.id }),
      this.own.writes.put(gatewayUseItem, { gateway_id, live: 1 }),
      ...holdAgent(this.own.table, this.own.tenant, { agent_id, user_kind: "deployment", user_id: one.id }, this.now),
    ]);
    return one;
  }

  /** One that somebody has just asked for. */
  async pending(more: Partial<StoredDeployment> = {}): Promise<StoredDeployment> {
    const one = this.#one(more);
    const { agent_id: target_id, gateway_id } = this;
    await this.own.transact([
      this.own.writes.create(deploymentItem, one),
      this.own.writes.update(
        slotItem,
        { gateway_id, target_id },
        { set: { gateway_id, target_id, starting_id: one.id } },
        {},
      ),
      this.own.writes.update(gatewayUseItem, { gateway_id }, { set: { gateway_id }, add: { live: 1 } }, {}),
    ]);
    return one;
  }

  #one(more: Partial<StoredDeployment>): StoredDeployment {
    const { organization_id, user_id } = this.company;
    return deploymentNamed(organization_id, {
      target_id: this.agent_id,
      gateway_id: this.gateway_id,
      claimed_until: timestamp(addSeconds(this.now, -1)),
      deployed_by: { type: "user", id: user_id },
      ...more,
    });
  }

  /** Works at a deployment until nothing is left to do now, or until death. */
  async work(id: string, fate?: Fate): Promise<"ended" | "died"> {
    const left = {
      table: fate?.of === "table" ? fate.after : Infinity,
      gateway: fate?.of === "gateway" ? fate.after : Infinity,
    };
    const through = async <T>(of: "table" | "gateway", act: () => Promise<T>): Promise<T> => {
      left[of] -= 1;
      if (left[of] < 0) throw new Death();
      if (left[of] > 0) return act();
      if (fate?.done === true) await act();
      throw new Death();
    };
    const { name, client } = stackTable();
    const writes = new Set(["TransactWriteCommand", "UpdateCommand", "PutCommand", "DeleteCommand"]);
    const send = (command: object): Promise<unknown> => {
      const act = () => client.send(command as never) as Promise<unknown>;
      return writes.has(command.constructor.name) ? through("table", act) : act();
    };
    const clock = { now: () => this.now };
    const { secrets } = stackPlatform(clock);
    const deps: WorkDeps = {
      table: new Table(name, { send } as never, clock),
      clock,
      secrets,
      ...withoutDataPlane,
      blobs: {
        load: async (blob) => ("inline" in blob ? blob.inline : Promise.reject<string>(new Error("in the bucket"))),
      },
      outbound: { request: (request) => through("gateway", async () => this.#answer(request)) },
    };
    try {
      await work({ tenant: this.company.organization_id, ref: id }, deps);
      return "ended";
    } catch (error) {
      if (error instanceof Death) return "died";
      throw error;
    }
  }

  /** Works again and again, as what is due comes due, until it rests. */
  async settle(...ids: readonly string[]): Promise<void> {
    for (let round = 0; round < 12; round++) {
      for (const id of ids) await this.work(id);
      this.now = addSeconds(this.now, 200);
    }
  }

  async read(id: string): Promise<StoredDeployment> {
    const found = await this.own.get(deploymentItem, { id });
    if (found === undefined) throw new Error("there is no such deployment");
    return found;
  }

  slot() {
    return this.own.get(slotItem, { gateway_id: this.gateway_id, target_id: this.agent_id });
  }

  async live(): Promise<number> {
    return (await this.own.get(gatewayUseItem, { gateway_id: this.gateway_id }))?.live ?? 0;
  }

  #answer(request: OutboundRequest): OutboundResult {
    this.asked.push(request);
    const said = this.says(request);
    if (said !== undefined) return said;
    const id = request.url.split("/").at(-1) ?? "";
    if (request.method === "POST") {
      const key = request.headers?.["idempotency-key"] ?? "";
      const known = [...this.registrations].find(([, one]) => one.key === key)?.[0];
      const made = known ?? `reg-${++this.#made}`;
      this.registrations.set(made, { key, digest: JSON.parse(String(request.body)).digest });
      return answer(201, { id: made });
    }
    const found = this.registrations.get(id);
    if (found === undefined) return answer(404, {});
    if (request.method === "DELETE") this.registrations.delete(id);
    return answer(200, { id, digest: found.digest });
  }
}

export const answer = (status: number, body: unknown): OutboundResult => ({
  ok: true,
  status,
  headers: { "content-type": "application/json" },
  body: Buffer.from(JSON.stringify(body)),
  truncated: false,
});
