import { changedFields, draft } from "../../shared/change/events.ts";
import { given, requireMatch, updateWithRetry } from "../../shared/change/update.ts";
import { timestamp } from "../../shared/clock.ts";
import { lostRace } from "../../shared/dynamo/write.ts";
import { notFound, Problem } from "../../shared/errors.ts";
import type { Handler } from "../../shared/http/call.ts";
import { newEtag, newId } from "../../shared/ids.ts";
import type { PromotionDeps } from "./deps.ts";
import { about, promotionEvents, ref } from "./events.ts";
import type { PromotionRule } from "./model.ts";
import type { operations } from "./operations.ts";
import { misfits, type Said } from "./rules/ways.ts";
import { ruleItem, wayItem } from "./store.ts";

export { approve, cancel, create, get, list, reject } from "./asking/handlers.ts";

type Ops = typeof operations;

export const createRule: Handler<Ops["createRule"], PromotionDeps> = async (call, { table }) => {
  const { context, body, at } = call;
  const tenant = table.of(context.tenant);
  requireFitting(body);
  const now = timestamp(at);
  const rule: PromotionRule = {
    ...body,
    id: newId("promotion_rule", at),
    organization_id: context.tenant,
    version: 1,
    created_by: context.actor.id,
    created_at: now,
    updated_at: now,
    etag: newEtag(at),
  };
  const { id: rule_id, source_environment, target_environment } = rule;
  return call.commit(
    {
      writes: [
        tenant.writes.create(wayItem, { source_environment, target_environment, rule_id }, (old) =>
          taken(old?.rule_id),
        ),
        tenant.writes.create(ruleItem, rule),
      ],
      events: [draft(promotionEvents, "promotion_rule.created", ref(rule), about(rule))],
    },
    rule,
  );
};

const taken = (rule_id: string | undefined): Problem =>
  new Problem("conflict", "There is a rule for these environments. Change that one.", {
    members: { state: "exists", ...(rule_id === undefined ? {} : { promotion_rule_id: rule_id }) },
  });

/** @throws Problem `validation_failed` with all that does not fit together */
function requireFitting(rule: Said): void {
  const found = misfits(rule);
  if (found.length === 0) return;
  const issues = found.map(({ field, message }) => ({ path: field, message }));
  throw new Problem("validation_failed", "The rule does not fit together.", { issues });
}

export const listRules: Handler<Ops["listRules"], PromotionDeps> = (call, { table }) =>
  table.of(call.context.tenant).page(ruleItem, { ...call.query, index: "gsi1", of: {} });

export const getRule: Handler<Ops["getRule"], PromotionDeps> = (call) => call.load();

export const updateRule: Handler<Ops["updateRule"], PromotionDeps> = (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const { context, body, at } = call;
    const tenant = table.of(context.tenant);
    const rule = await call.load(how);
    requireMatch(call.if_match, rule.etag);
    const changed = { ...rule, ...given(body) };
    requireFitting(changed);
    const changes = changedFields(rule, changed);
    // What changes nothing makes no version: nobody would have to look at it again.
    if (changes.length === 0) return rule;
    const next: PromotionRule = {
      ...changed,
      version: rule.version + 1,
      updated_at: timestamp(at),
      etag: newEtag(at),
    };
    const changed_fields = changes.map(({ field }) => field);
    return call.commit(
      {
        writes: [tenant.writes.replace(ruleItem, next, rule.etag)],
        events: [
          draft(promotionEvents, "promotion_rule.updated", ref(next), { ...about(next), changed_fields }, { changes }),
        ],
      },
      next,
    );
  });

export const removeRule: Handler<Ops["removeRule"], PromotionDeps> = (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const tenant = table.of(call.context.tenant);
    const rule = await call.load(how);
    requireMatch(call.if_match, rule.etag);
    const { id, etag, source_environment, target_environment } = rule;
    return call.commit(
      {
        writes: [
          tenant.writes.remove(ruleItem, { id }, { equals: { etag } }, (old) =>
            old === undefined ? notFound() : lostRace(),
          ),
          tenant.writes.remove(wayItem, { source_environment, target_environment }, { equals: { rule_id: id } }),
        ],
        events: [draft(promotionEvents, "promotion_rule.deleted", ref(rule), about(rule))],
      },
      undefined,
    );
  });
