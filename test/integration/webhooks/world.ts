import { randomBytes } from "node:crypto";
import { type AttemptDeps, attemptDelivery } from "../../../functions/webhooks/deliveries/attempt.ts";
import { type AttemptMessage, hintOfDue } from "../../../functions/webhooks/deliveries/delivery.ts";
import { fanOut } from "../../../functions/webhooks/deliveries/fan-out.ts";
import type { Webhook } from "../../../functions/webhooks/model.ts";
import {
  attemptItem,
  deliveryDue,
  deliveryItem,
  subscriptionItem,
  webhookItem,
} from "../../../functions/webhooks/store.ts";
import { secretContext } from "../../../functions/webhooks/subscriptions/secret.ts";
import type { Envelope } from "../../../shared/change/events.ts";
import { EVENT_DAYS, outboxItem } from "../../../shared/change/items.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { DueItem } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { Table, type TenantTable } from "../../../shared/dynamo/table.ts";
import type { Queue } from "../../../shared/events/queue.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { silentLog } from "../../../shared/observability/log.ts";
import { createOutbound, type Outbound } from "../../../shared/outbound/index.ts";
import { webhookSecret } from "../../../shared/signing/standard-webhooks.ts";
import { dueOf } from "../../support/due.ts";
import { organizationNamed } from "../../support/organization.ts";
import { stackPlatform, stackTable } from "../../support/stack.ts";

/** A worker that ends in the middle of something. */
export class Killed extends Error {}

/** Ends a worker at its n-th write, read or send: just before it happens, or just after, unseen by the worker. */
export class KillSwitch {
  steps = 0;
  #dead = false;
  readonly #at: number;
  readonly #when: "before" | "after";

  constructor(at = Number.POSITIVE_INFINITY, when: "before" | "after" = "before") {
    this.#at = at;
    this.#when = when;
  }

  get happened(): boolean {
    return this.steps >= this.#at;
  }

  async step<T>(work: () => Promise<T>): Promise<T> {
    if (this.#dead) throw new Killed();
    const hit = ++this.steps === this.#at;
    if (hit && this.#when === "before") throw this.#die();
    const result = await work();
    if (hit) throw this.#die();
    // What the dead worker began at the same time may have happened; it does nothing after it.
    if (this.#dead) throw new Killed();
    return result;
  }

  revive(): void {
    this.#dead = false;
  }

  #die(): Killed {
    this.#dead = true;
    return new Killed();
  }
}

interface Message<M> {
  readonly body: M;
  visible_at: number;
}

/** A queue like SQS, on the test's clock: what is not deleted shows again after the visibility timeout. */
export class TestQueue<M> implements Queue<M> {
  readonly messages: Message<M>[] = [];
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  async send(messages: readonly M[], delay_seconds = 0): Promise<void> {
    if (delay_seconds < 0 || delay_seconds > 900) throw new Error(`SQS takes no delay of ${delay_seconds} s`);
    for (const body of messages) {
      await this.#world.kill.step(async () => {
        this.messages.push({ body, visible_at: this.#world.now.getTime() + delay_seconds * 1000 });
      });
    }
  }

  /** Hands out the message that shows next, at its time; false when there is none. */
  async work(handle: (body: M) => Promise<void>, visibility_seconds = 90): Promise<boolean> {
    const [next] = this.messages.sort((a, b) => a.visible_at - b.visible_at);
    if (next === undefined) return false;
    if (next.visible_at > this.#world.now.getTime()) this.#world.now = new Date(next.visible_at);
    next.visible_at = this.#world.now.getTime() + visibility_seconds * 1000;
    try {
      await handle(next.body);
      this.messages.splice(this.messages.indexOf(next), 1);
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.#world.kill.revive();
    }
    return true;
  }
}

/** One organization's webhooks on the real table, with a clock, queues and workers that a test can interrupt. */
export class World {
  now = new Date();
  kill = new KillSwitch();
  readonly platform = stackPlatform();
  readonly organization_id = newId("organization", this.now);
  readonly table: Table;
  readonly tenant: TenantTable;
  readonly attempts = new TestQueue<AttemptMessage>(this);
  readonly events = new TestQueue<Envelope>(this);
  readonly #outbound: Outbound;

  constructor(outbound: Parameters<typeof createOutbound>[0] = {}) {
    const plain = stackTable();
    const client = new Proxy(plain.client, {
      get: (target, name) =>
        name === "send" ? (command: never) => this.kill.step(() => target.send(command)) : Reflect.get(target, name),
    });
    this.table = new Table(plain.name, client);
    this.tenant = this.table.of(this.organization_id);
    this.#outbound = createOutbound({ allow_http: true, allow: ["127.0.0.1:*"], ...outbound });
  }

  get deps(): AttemptDeps {
    return {
      table: this.table,
      clock: { now: () => this.now },
      secrets: this.platform.secrets,
      outbound: { request: (request) => this.kill.step(() => this.#outbound.request(request)) },
      attempts: this.attempts,
      random: () => 0.5,
      log: silentLog,
    };
  }

  async webhook(url: string, events: string[], more: Partial<Webhook> = {}): Promise<Webhook & { secret: string }> {
    const id = newId("webhook", this.now);
    const secret = webhookSecret(randomBytes(32));
    const at = timestamp(this.now);
    const webhook: Webhook = {
      id,
      organization_id: this.organization_id,
      name: "Test",
      url,
      events,
      description: "",
      metadata: {},
      status: "active",
      active_since: at,
      disabled_reason: null,
      disabled_at: null,
      secrets: [
        {
          sealed: await this.platform.secrets.encrypt(secret, secretContext(this.organization_id, id)),
          created_at: at,
          expires_at: null,
        },
      ],
      owner_id: null,
      created_by: newId("user", this.now),
      created_at: at,
      updated_at: at,
      etag: newEtag(this.now),
      ...more,
    };
    const { writes } = this.tenant;
    await this.tenant.transact([
      writes.put(organizationItem, organizationNamed(this.organization_id)),
      writes.create(webhookItem, webhook),
      ...events.map((pattern) => writes.create(subscriptionItem, { pattern, webhook_id: id })),
    ]);
    return { ...webhook, secret };
  }

  /** A stored event; `now` unless told. Without its item type, so that the deployed relay leaves it to the test. */
  async event(type: string, at = this.now): Promise<Envelope> {
    const id = newId("event", at);
    const envelope: Envelope = {
      id,
      type,
      version: 1,
      organization_id: this.organization_id,
      actor: { type: "system", id: "test" },
      occurred_at: timestamp(at),
      trace_id: "trace",
      data: { n: 1 },
    };
    const key = { day: envelope.occurred_at.slice(0, 10), id };
    const write = this.tenant.writes.create(outboxItem, {
      ...key,
      envelope,
      expires_at: timestamp(addSeconds(at, EVENT_DAYS * 86_400)),
    });
    const { item_type: _, ...Item } = write.item.Put?.Item ?? {};
    await this.tenant.apply(outboxItem, { ...write, item: { Put: { TableName: this.table.name, Item } } });
    return envelope;
  }

  fanOut = (event: Envelope) => fanOut(event, this.deps);
  attempt = async (message: AttemptMessage): Promise<void> => {
    await attemptDelivery(message, this.deps);
  };

  /** The deliveries that are due of this organization, next first. */
  due = async (): Promise<DueItem[]> =>
    (await dueOf(this.organization_id)).filter(({ kind }) => kind === deliveryDue.kind);

  /** What the function does with one thing that is due, whatever time it is. */
  comeDue = ({ tenant, kind, ref, at }: DueItem): Promise<void> =>
    dueWorker(this.table, { [deliveryDue.kind]: (due) => attemptDelivery(hintOfDue(due), this.deps) })({
      ...{ tenant, kind, ref, at },
    });

  /** Works until no message is left and nothing is due. */
  async run(): Promise<void> {
    for (let rounds = 0; rounds < 2_000; rounds++) {
      if (await this.events.work(this.fanOut)) continue;
      if (await this.attempts.work(this.attempt)) continue;
      const [next] = await this.due();
      if (next === undefined) return;
      if (Date.parse(next.at) > this.now.getTime()) this.now = new Date(next.at);
      // What the sweeper has sent comes again for as long as it is there.
      await this.comeDue(next).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
        this.kill.revive();
      });
    }
    throw new Error("the queues never become empty");
  }

  async deliveries(webhook_id: string) {
    const found = [];
    for await (const delivery of this.tenant.all(deliveryItem, { of: { webhook_id } })) found.push(delivery);
    return found;
  }

  async attemptsOf(delivery_id: string) {
    return (await this.tenant.page(attemptItem, { of: { delivery_id }, limit: 100 })).items;
  }
}
