import { draft } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import type { GatewayDeps } from "../deps.ts";
import { about, gatewayEvents, ref } from "../events.ts";
import type { Check } from "../model.ts";
import type { operations } from "../operations.ts";
import { summaryOf } from "../rules/latency.ts";
import { checkItem, type SeenGateway } from "../store.ts";
import { check as ask } from "./check.ts";
import { record } from "./record.ts";

type Ops = typeof operations;

/** The gateway is asked once, however often what came of it meets another check. */
export const check: Handler<Ops["check"], GatewayDeps> = async (call, deps) => {
  const tenant = deps.table.of(call.context.tenant);
  const asked = (await call.load()).gateway;
  const found = await ask(asked, deps);
  return updateWithRetry(undefined, async () => {
    const now: SeenGateway = await call.load({ fresh: true });
    if (now.gateway.epoch !== asked.epoch || now.standing.epoch !== asked.epoch)
      throw new Problem("conflict", "The gateway was changed while it was checked. Check it again.");
    const { writes, events, standing } = record(tenant, now, found, deps.clock.now());
    const data = { ...about(now.gateway), result: found.result, error_code: found.error?.code ?? null };
    const { at: checked_at, ...rest } = found;
    return call.commit(
      { writes, events: [draft(gatewayEvents, "gateway.checked", ref(now.gateway), data), ...events] },
      { gateway_id: asked.id, health: standing.health, checked_at, ...rest },
    );
  });
};

export const listChecks: Handler<Ops["listChecks"], GatewayDeps> = async (call, { table }) => {
  const { gateway } = await call.load();
  const tenant = table.of(call.context.tenant);
  return tenant.page(checkItem, { of: { gateway_id: gateway.id }, newest_first: true, ...call.query });
};

export const summarizeChecks: Handler<Ops["summarizeChecks"], GatewayDeps> = async (call, { table }) => {
  const { gateway } = await call.load();
  const tenant = table.of(call.context.tenant);
  const checks: Check[] = [];
  for await (const one of tenant.all(checkItem, { of: { gateway_id: gateway.id } })) checks.push(one);
  return summaryOf(checks);
};
