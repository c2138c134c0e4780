import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newDelivery } from "../../../functions/webhooks/deliveries/delivery.ts";
import {
  isSubscribable,
  liveSecrets,
  normalEvents,
  patternsFor,
  subscribes,
  type Webhook,
} from "../../../functions/webhooks/model.ts";
import { idSchema } from "../../../shared/ids.ts";

const word = fc.stringMatching(/^[a-z_]{1,8}$/);
const type = fc.array(word, { minLength: 2, maxLength: 4 }).map((parts) => parts.join("."));

describe("subscriptions", () => {
  it("a type is covered by itself, its groups and everything, and by nothing else", () => {
    expect(patternsFor("external_agent.invocation.completed")).toEqual([
      "*",
      "external_agent.*",
      "external_agent.invocation.*",
      "external_agent.invocation.completed",
    ]);
    fc.assert(
      fc.property(type, type, (one, other) => {
        expect(subscribes([other], one)).toBe(one === other);
        const group = `${other.split(".")[0]}.*`;
        expect(subscribes([group], one)).toBe(one.startsWith(group.slice(0, -1)));
        expect(subscribes(["*"], one)).toBe(true);
      }),
    );
  });

  it("whatever covers a known type can be subscribed to; a group of nothing cannot", () => {
    fc.assert(
      fc.property(fc.array(type, { minLength: 1, maxLength: 5 }), (types) => {
        for (const one of types)
          for (const pattern of patternsFor(one)) expect(isSubscribable(pattern, types)).toBe(true);
      }),
    );
    for (const entry of ["agent", "agent.", "agent.cre*", "nothing.*", ".*", "**", "", "agent.created.*"])
      expect(isSubscribable(entry, ["agent.created"]), entry).toBe(false);
  });

  it("older names become today's, once each, in order", () => {
    expect(normalEvents(["user.joined", "agent.created", "membership.added", "user.invited"])).toEqual([
      "agent.created",
      "invitation.created",
      "membership.added",
    ]);
  });
});

describe("deliveries", () => {
  const event = {
    id: "evt_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
    type: "agent.created",
    version: 1,
    organization_id: "org_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
    actor: { type: "system", id: "x" },
    occurred_at: "2026-01-01T00:00:00.000Z",
    trace_id: "t",
    data: {},
  } as const;
  const at = new Date("2026-01-01T00:00:00.000Z");

  it("the same occasion makes the same id; another webhook, event, replay or time makes another", () => {
    const webhook_id = "whk_01JDQ4X0Z5V8W3N7K2M9R6T1BC";
    const base = { webhook_id, event, at, kept_days: 30 };
    const id = newDelivery(base).id;
    expect(newDelivery(base).id).toBe(id);
    expect(idSchema("delivery").safeParse(id).success).toBe(true);
    const others = [
      { ...base, webhook_id: "whk_01JDQ4X0Z5V8W3N7K2M9R6T1BD" },
      { ...base, event: { ...event, id: "evt_01JDQ4X0Z5V8W3N7K2M9R6T1BD" } },
      { ...base, replay_of: id },
      { ...base, replay_of: id, at: new Date(at.getTime() + 1) },
      { ...base, replay_id: "rpl_01JDQ4X0Z5V8W3N7K2M9R6T1BC" },
    ].map((one) => newDelivery(one).id);
    expect(new Set([id, ...others]).size).toBe(6);
  });

  it("later deliveries sort after earlier ones", () => {
    fc.assert(
      fc.property(fc.nat(1e9), fc.nat(1e9), (a, b) => {
        const made = (ms: number) =>
          newDelivery({ kept_days: 30, webhook_id: "whk_x", event, at: new Date(at.getTime() + ms) }).id;
        expect(made(a) < made(b) || a >= b).toBe(true);
      }),
    );
  });
});

it("a secret signs until its end, not at it", () => {
  const now = new Date("2026-01-01T00:00:00.000Z");
  const secrets: Webhook["secrets"] = [
    { sealed: "new", created_at: "", expires_at: null },
    { sealed: "old", created_at: "", expires_at: "2026-01-01T00:00:00.001Z" },
    { sealed: "gone", created_at: "", expires_at: "2026-01-01T00:00:00.000Z" },
  ];
  expect(liveSecrets({ secrets } as Webhook, now).map(({ sealed }) => sealed)).toEqual(["new", "old"]);
});
