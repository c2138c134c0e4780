import { readRules, rulesOf } from "../../shared/access/bundle.ts";
import type { Handler } from "../../shared/http/call.ts";
import { shadowItem } from "../../shared/http/shadow.ts";
import { toCedar } from "../../shared/policies/cedar.ts";
import type { PolicyDeps } from "./deps.ts";
import { toView } from "./model.ts";
import type { operations } from "./operations.ts";
import { shownAttributes } from "./rules/attributes.ts";
import { templates } from "./rules/templates.ts";
import { policyItem, policyVersionItem } from "./store.ts";

export {
  activate,
  assign,
  create,
  deactivate,
  remove,
  rollback,
  setDefaults,
  setTests,
  shadow,
  update,
} from "./changing/handlers.ts";
export { exportPolicies, importPolicies } from "./portable/handlers.ts";
export { replay } from "./replay/handlers.ts";
export { diffVersion, listReferences, simulate, test, validateConditions } from "./trials/handlers.ts";

type Ops = typeof operations;

export const list: Handler<Ops["list"], PolicyDeps> = async ({ caller, query }, { table }) => {
  const { status, ...rest } = query;
  const page = await table.of(caller.organization.id).page(policyItem, {
    ...rest,
    ...(status === undefined ? { index: "gsi2", of: {} } : { index: "gsi1", of: { status } }),
  });
  return { ...page, items: page.items.map(toView) };
};

export const get: Handler<Ops["get"], PolicyDeps> = async (call) => toView(await call.load());

export const getTests: Handler<Ops["getTests"], PolicyDeps> = async (call) => ({
  items: (await call.load()).tests,
  next_cursor: null,
});

export const listVersions: Handler<Ops["listVersions"], PolicyDeps> = async (call, { table }) => {
  const { id } = await call.load();
  return table
    .of(call.caller.organization.id)
    .page(policyVersionItem, { ...call.query, of: { policy_id: id }, newest_first: true });
};

export const listShadowDenials: Handler<Ops["listShadowDenials"], PolicyDeps> = async (call, { table }) => {
  const { id } = await call.load();
  const page = await table
    .of(call.caller.organization.id)
    .page(shadowItem, { ...call.query, of: { policy_id: id }, newest_first: true });
  return { ...page, items: page.items.map(({ day, version, denied }) => ({ day, version, denied })) };
};

export const listAttributes: Handler<Ops["listAttributes"], PolicyDeps> = async () => ({
  items: shownAttributes,
  next_cursor: null,
});

export const listTemplates: Handler<Ops["listTemplates"], PolicyDeps> = async () => ({
  items: templates,
  next_cursor: null,
});

export const getDefaults: Handler<Ops["getDefaults"], PolicyDeps> = async ({ caller }, { table }) => ({
  denied_by_default: (await readRules(table.of(caller.organization.id))).denied_by_default ?? [],
});

export const exportCedar: Handler<Ops["exportCedar"], PolicyDeps> = async ({ caller }, { table }) => {
  const { policies } = await rulesOf(table, caller.organization);
  const { text, zones, omitted } = toCedar(policies ?? { policies: [] });
  return {
    text,
    zones: [...zones],
    omitted: omitted.map(({ policy, why }) => ({ policy_id: policy.id, name: policy.name, why })),
  };
};
