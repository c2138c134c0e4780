import { personBehind } from "../../../shared/access/caller.ts";
import { commitChange } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { badReference, Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { requireAlso } from "../../../shared/http/permit.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { deploymentItem } from "../../deployments/public.ts";
import { gatewayItem } from "../../gateways/public.ts";
import type { PromotionDeps } from "../deps.ts";
import { aboutPromotion, promotionEvents, refPromotion } from "../events.ts";
import type { Promotion } from "../model.ts";
import type { operations } from "../operations.ts";
import { promotionStates } from "../registry/model.ts";
import { requiredBy } from "../rules/required.ts";
import { stepsUp } from "../rules/ways.ts";
import { approvalItem, openItem, promotionItem } from "../store.ts";
import { changed, ended } from "./changes.ts";
import { ruleFor, ruleStands } from "./rule.ts";

type Ops = typeof operations;
const told = (type: keyof typeof promotionEvents & `promotion.${string}`, one: Promotion) =>
  draft(promotionEvents, type, refPromotion(one), aboutPromotion(one));

export const create: Handler<Ops["create"], PromotionDeps> = async (call, { table }) => {
  const { context, caller, body, at } = call;
  const tenant = table.of(context.tenant);
  requireAlso(call, "agents:deploy", "Promoting an agent");
  const { deployment, gateway } = await table.batchOf({
    deployment: tenant.read(deploymentItem, { id: body.deployment_id }),
    gateway: tenant.read(gatewayItem, { id: body.target_gateway_id }),
  });
  if (deployment === undefined) throw badReference("deployment_id");
  if (gateway === undefined) throw badReference("target_gateway_id");
  if (deployment.status !== "active") throw notActive("deployment", deployment.status);
  if (gateway.admin_state !== "active") throw notActive("gateway", gateway.admin_state);
  const way = { source_environment: deployment.environment, target_environment: gateway.environment };
  const rule = await ruleFor(tenant, way);
  const steps = stepsUp(way.source_environment, way.target_environment);
  if (steps < 1 || (steps > 1 && rule?.allow_skip !== true))
    throw badReference("target_gateway_id", "is not in the next environment, and no rule allows to leave one out");
  const { pins, expires_after_seconds } = requiredBy(rule, way.target_environment);
  const now = timestamp(at);
  const expires = addSeconds(at, expires_after_seconds);
  const status = pins.required_approvals === 0 ? "approved" : "pending_approval";
  const { id: deployment_id, name, target_id: agent_id, version, digest } = deployment;
  const target_gateway_id = gateway.id;
  const promotion: Promotion = {
    ...{ ...way, ...pins, deployment_id, name, agent_id, version, digest, target_gateway_id, status },
    id: newId("promotion", at),
    organization_id: context.tenant,
    comment: body.comment,
    approvals: [],
    requester_id: personBehind(caller.principal) ?? null,
    deployer_id: personBehind(deployment.deployed_by) ?? null,
    round: 1,
    decided_by: null,
    reason: null,
    created_by: context.actor.id,
    created_at: now,
    expires_at: timestamp(expires),
    updated_at: now,
    etag: newEtag(at),
    audit_days: context.audit_days,
  };
  const { id } = promotion;
  return call.commit(
    {
      writes: [
        tenant.writes.create(promotionItem, promotion),
        tenant.writes.create(openItem, { target_gateway_id, agent_id, promotion_id: id }, (old) =>
          isOpen(old?.promotion_id),
        ),
        tenant.writes.check(deploymentItem, { id: deployment_id }, { equals: { status: "active" } }, (old) =>
          notActive("deployment", old?.status ?? "deleted"),
        ),
        tenant.writes.check(
          gatewayItem,
          { id: target_gateway_id },
          { equals: { admin_state: "active", environment: way.target_environment } },
          lostRace,
        ),
        ruleStands(tenant, way, rule),
      ],
      events: [told("promotion.requested", promotion)],
    },
    promotion,
  );
};

const notActive = (noun: string, state: string): Problem =>
  new Problem("conflict", `The ${noun} is ${state}; this needs it to be active.`, { members: { state } });
const isOpen = (promotion_id: string | undefined): Problem =>
  new Problem("conflict", "Another promotion of this agent to this gateway is open.", {
    members: { state: "open", promotion_id: promotion_id ?? null },
  });

export const list: Handler<Ops["list"], PromotionDeps> = (call, { table }) => {
  const { status, ...paging } = call.query;
  const narrowed =
    status === undefined ? ({ index: "gsi1", of: {} } as const) : ({ index: "gsi2", of: { status } } as const);
  return table.of(call.context.tenant).page(promotionItem, { newest_first: true, ...paging, ...narrowed });
};

export const get: Handler<Ops["get"], PromotionDeps> = (call) => call.load();

export const approve: Handler<Ops["approve"], PromotionDeps> = (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const { context, caller, body, at } = call;
    const tenant = table.of(context.tenant);
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    if (read.status !== "pending_approval") throw promotionStates.refusal(read.status, "approved");
    if (read.expires_at <= timestamp(at)) {
      const { next, writes } = ended(tenant, read, "expired", {}, at);
      await commitChange(table, context, {
        writes: [...writes, ...call.proofs(writes)],
        events: [told("promotion.expired", next)],
      });
      throw promotionStates.refusal("expired", "approved");
    }
    const rule = await ruleFor(tenant, read);
    const { pins } = requiredBy(rule, read.target_environment);
    const stands = ruleStands(tenant, read, rule);
    if (pins.rule_id !== read.rule_id || pins.rule_version !== read.rule_version) {
      const { next, writes } = changed(
        tenant,
        read,
        { ...pins, ...needsSomebody(pins), approvals: [], round: read.round + 1 },
        at,
      );
      const all = [...writes, stands];
      await commitChange(table, context, {
        writes: [...all, ...call.proofs(all)],
        events: [told("promotion.rule_changed", next)],
      });
      throw new Problem(
        "conflict",
        "Its rule has changed: earlier approvals are void. Look at it, and approve again.",
        {
          members: { state: "rule_changed", rule_version: pins.rule_version },
        },
      );
    }
    const user_id = personBehind(caller.principal);
    if (user_id === undefined) throw new Problem("forbidden", "Only people approve promotions.");
    if (read.separation_of_duties && (user_id === read.requester_id || user_id === read.deployer_id))
      throw new Problem(
        "forbidden",
        "Whoever asks for a promotion, or deployed what is promoted, does not approve it.",
      );
    const approvals = [...read.approvals, { user_id, at: timestamp(at), comment: body.comment }];
    const enough = approvals.length >= read.required_approvals;
    const { next, writes } = changed(tenant, read, { approvals, status: enough ? "approved" : read.status }, at);
    const { id: promotion_id, round, expires_at } = read;
    return call.commit(
      {
        writes: [
          tenant.writes.create(approvalItem, { promotion_id, round, user_id, expires_at }, twice),
          ...writes,
          stands,
        ],
        events: [told("promotion.approved", next)],
      },
      next,
    );
  });

/** One that waits for approval is approved by somebody, also where its new rule asks for nobody. */
const needsSomebody = ({ required_approvals }: Pick<Promotion, "required_approvals">) => ({
  required_approvals: Math.max(1, required_approvals),
});
const twice = (): Problem =>
  new Problem("conflict", "You have approved this promotion.", { members: { state: "approved_by_you" } });

export const reject: Handler<Ops["reject"], PromotionDeps> = (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const { context, body, at } = call;
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    const fields = { decided_by: context.actor.id, reason: body.comment };
    const { next, writes } = ended(table.of(context.tenant), read, "rejected", fields, at);
    return call.commit({ writes, events: [told("promotion.rejected", next)] }, next);
  });

export const cancel: Handler<Ops["cancel"], PromotionDeps> = (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const { context, body, at } = call;
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    const fields = { decided_by: context.actor.id, reason: body.comment };
    const { next, writes } = ended(table.of(context.tenant), read, "cancelled", fields, at);
    return call.commit({ writes, events: [told("promotion.cancelled", next)] }, next);
  });
