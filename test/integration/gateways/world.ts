import { Buffer } from "node:buffer";
import { forgetKey, look } from "../../../functions/gateways/consumers.ts";
import type { CheckDeps } from "../../../functions/gateways/deps.ts";
import type { Check, Gateway, GatewayStanding } from "../../../functions/gateways/model.ts";
import {
  checkDue,
  checkItem,
  gatewayItem,
  gatewayWithHealth,
  keyDue,
  standingItem,
} from "../../../functions/gateways/store.ts";
import { auditItem, outboxItem } from "../../../shared/change/items.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { Table } from "../../../shared/dynamo/table.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import type { OutboundRequest, OutboundResult } from "../../../shared/outbound/index.ts";
import { dueOf } from "../../support/due.ts";
import { organizationNamed } from "../../support/organization.ts";

export const answer = (status: number, body: unknown = { status: "ok" }): OutboundResult => ({
  ok: true,
  status,
  headers: { "content-type": "application/json" },
  body: Buffer.from(JSON.stringify(body)),
  truncated: false,
});

/** An organization with its gateways, in a table of the test's own. */
export class World {
  now = new Date();
  readonly tenant = newId("organization", new Date());
  readonly table: Table;
  readonly requests: OutboundRequest[] = [];
  /** What a gateway answers. */
  gateway: (request: OutboundRequest) => Promise<OutboundResult> = async () => answer(200);
  decrypt: CheckDeps["secrets"]["decrypt"] = async (sealed) => sealed;

  constructor(base: Table) {
    this.table = new Table(base.name, base.client, { now: () => this.now });
  }

  get own() {
    return this.table.of(this.tenant);
  }

  async begin(status: "active" | "suspended" = "active"): Promise<void> {
    const organization = organizationNamed(this.tenant, { created_at: timestamp(this.now), status });
    await this.own.transact([this.own.writes.put(organizationItem, organization)]);
  }

  /** A gateway that is due. */
  async make(more: Partial<Gateway> = {}, sequence = 0): Promise<string> {
    const id = newId("gateway", this.now);
    const now = timestamp(this.now);
    const gateway: Gateway = {
      id,
      organization_id: this.tenant,
      name: "Gateway",
      description: "",
      kind: "http",
      api_url: "https://agents.example.com/base",
      health_check_url: null,
      allow_other_health_host: false,
      environment: "production",
      admin_state: "active",
      health: "unknown",
      keys: [{ sealed: "key-1", set_at: now, expires_at: null }],
      created_by: "usr_1",
      created_at: now,
      updated_at: now,
      etag: "e",
      epoch: "e",
      ...more,
    };
    const standing: GatewayStanding = {
      gateway_id: id,
      epoch: gateway.epoch,
      sequence,
      health: "unknown",
      since: now,
      recent: [],
    };
    const { writes } = this.own;
    await this.own.transact([
      writes.create(gatewayItem, gateway),
      writes.create(standingItem, standing),
      checkDue.set(this.own, id, this.now),
      keyDue.set(this.own, id, this.now),
    ]);
    return id;
  }

  get deps(): CheckDeps {
    return {
      table: this.table,
      clock: { now: () => this.now },
      secrets: { decrypt: (sealed, context) => this.decrypt(sealed, context) },
      plane: { ask: async () => Promise.reject(new Error("there is no data plane here")) },
      outbound: {
        request: (request) => {
          this.requests.push(request);
          return this.gateway(request);
        },
      },
    };
  }

  look(id: string): Promise<Date | undefined> {
    return look({ tenant: this.tenant, kind: checkDue.kind, ref: id, at: "" }, this.deps);
  }

  forget(id: string): Promise<undefined> {
    return forgetKey({ tenant: this.tenant, kind: keyDue.kind, ref: id, at: "" }, this.deps);
  }

  /** What is due of a gateway is done, as the sweeper has it done. */
  async comesDue(id: string): Promise<void> {
    const due = (await this.due(id)).find(({ kind }) => kind === checkDue.kind);
    if (due === undefined) throw new Error("nothing is due");
    const { tenant, kind, ref, at } = due;
    await dueWorker(this.table, { [checkDue.kind]: (one: Due) => look(one, this.deps) })({ tenant, kind, ref, at });
  }

  async due(id: string) {
    return (await dueOf(this.tenant, this.table)).filter(({ ref }) => ref === id);
  }

  async seen(id: string) {
    const seen = await gatewayWithHealth(this.own, id);
    if (seen === undefined) throw new Error("there is no such gateway");
    return seen;
  }

  /** Numbers of the checks that are kept, and what they found. */
  async checks(id: string): Promise<(Check & { readonly sequence: number })[]> {
    const all = [];
    for await (const one of this.own.all(checkItem, { of: { gateway_id: id } })) all.push(one);
    return all;
  }

  async events() {
    const all = [];
    for await (const { envelope } of this.own.all(outboxItem, { of: { day: timestamp(this.now).slice(0, 10) } }))
      all.push(envelope);
    return all;
  }

  async audited() {
    const all = [];
    for await (const entry of this.own.all(auditItem, { of: { month: timestamp(this.now).slice(0, 7) } }))
      all.push(entry);
    return all;
  }
}
