import { changedFields, draft } from "../../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { type Issue, notFound, Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { invalid } from "../../../shared/http/parse.ts";
import { newEtag } from "../../../shared/ids.ts";
import { giveQuota, takeQuota } from "../../../shared/limits/quota.ts";
import { closedEvent } from "../circuits/moves.ts";
import { circuitItem, markWrite } from "../circuits/store.ts";
import type { ModelDeps } from "../deps.ts";
import { modelEvents } from "../events.ts";
import { isProviderName } from "../model.ts";
import type { operations } from "../operations.ts";
import { providers } from "../rules/catalogue.ts";
import { apiKeyContext, modelProviderItem, type StoredProvider } from "../store.ts";
import { lastFour, type ProviderInput, providerIssues, typeOfProvider } from "./rules.ts";
import { providerView, withEtag } from "./views.ts";

type Ops = typeof operations;

const NOT_SHOWN = { omit: ["organization_id", "created_at", "sealed_api_key"], conceal: ["api_key_last4"] };

export const putProvider: Handler<Ops["putProvider"], ModelDeps> = async (call, deps) => {
  const { path, body, context, at } = call;
  const name = path.provider;
  refuseName(name);
  const tenant = deps.table.of(context.tenant);
  return updateWithRetry(call.if_match, async (how) => {
    const { stored } = await call.load(how);
    if (call.if_match !== undefined) {
      if (stored === undefined) throw new Problem("precondition_failed", "There is no such provider yet.");
      requireMatch(call.if_match, stored.etag);
    }
    const next = await settingsOf(name, body, stored, context.tenant, at, deps);
    const changes = changedFields(stored ?? {}, next, NOT_SHOWN);
    if (typeof body.api_key === "string") changes.push({ field: "api_key" });
    const event = draft(
      modelEvents,
      "model_provider.configured",
      { id: name, name: next.display_name },
      { provider: name, type: next.type, changed_fields: [...new Set(changes.map(({ field }) => field))] },
      { changes },
    );
    const writes =
      stored === undefined
        ? [
            tenant.writes.create(modelProviderItem, next, () => lost()),
            takeQuota(tenant, call.caller.organization.plan, "model_providers"),
          ]
        : [tenant.writes.replace(modelProviderItem, next, stored.etag)];
    const anew = await circuitAnew(tenant, name);
    return call.commit(
      { writes: [...writes, ...anew.writes], events: [event, ...anew.events] },
      withEtag(providerView(name, next, undefined, at), next),
    );
  });
};

export const deleteProvider: Handler<Ops["deleteProvider"], ModelDeps> = async (call, deps) => {
  const name = call.path.provider;
  const tenant = deps.table.of(call.context.tenant);
  return updateWithRetry(call.if_match, async (how) => {
    const stored = await call.load(how);
    requireMatch(call.if_match, stored.etag);
    const event = draft(
      modelEvents,
      "model_provider.removed",
      { id: name, name: stored.display_name },
      { provider: name, type: stored.type },
    );
    const unchanged = { equals: { etag: stored.etag } };
    const writes = [
      tenant.writes.remove(modelProviderItem, { name }, unchanged, (old) => (old === undefined ? notFound() : lost())),
      giveQuota(tenant, "model_providers"),
    ];
    const anew = await circuitAnew(tenant, name);
    return call.commit({ writes: [...writes, ...anew.writes], events: [event, ...anew.events] }, undefined);
  });
};

/** With other settings it may be another host, or another account there: what has failed says nothing of that. */
async function circuitAnew(tenant: TenantTable, provider: string) {
  const circuit = await tenant.get(circuitItem, { provider });
  const open = circuit !== undefined && circuit.state !== "closed";
  return {
    writes: [tenant.writes.remove(circuitItem, { provider }, {}), markWrite(tenant, provider, false)],
    events: open ? [closedEvent(provider, "settings")] : [],
  };
}

const lost = () => new Problem("precondition_failed", "The provider has changed since it was read.");

function refuseName(name: string): void {
  if (isProviderName(name)) return;
  const message =
    name === "amazon-bedrock"
      ? "is called with the platform's own role and takes no settings"
      : name === "openai_compatible"
        ? "is a kind of provider; choose a name of your own for the server"
        : "must be a provider's id, or a name of 2 to 40 lower-case letters, digits and dashes";
  throw invalid([{ path: "path.provider", message }]);
}

async function settingsOf(
  name: string,
  body: ProviderInput,
  stored: StoredProvider | undefined,
  tenant: string,
  at: Date,
  deps: ModelDeps,
): Promise<StoredProvider> {
  const type = typeOfProvider(name);
  const issues: Issue[] = providerIssues(type, body, stored);
  const checked = body.base_url === undefined ? undefined : deps.checkUrl(body.base_url);
  if (issues.length > 0) throw invalid(issues);
  if (checked?.ok === false) {
    const { message } = checked.error;
    throw new Problem("unsafe_url", message, { issues: [{ path: "base_url", message }] });
  }
  const key =
    body.api_key === undefined
      ? { sealed_api_key: stored?.sealed_api_key ?? null, api_key_last4: stored?.api_key_last4 ?? null }
      : body.api_key === null
        ? { sealed_api_key: null, api_key_last4: null }
        : {
            sealed_api_key: await deps.secrets.encrypt(body.api_key, apiKeyContext(tenant, name)),
            api_key_last4: lastFour(body.api_key),
          };
  return {
    name,
    organization_id: tenant,
    type,
    display_name: body.display_name ?? (type === "openai_compatible" ? name : providers[type].display_name),
    base_url: checked?.ok === true ? checked.url.href.replace(/\/$/, "") : null,
    resource_name: body.resource_name ?? null,
    api_version: body.api_version ?? null,
    deployment: body.deployment ?? null,
    models: body.models ?? [],
    ...key,
    created_at: stored?.created_at ?? timestamp(at),
    updated_at: timestamp(at),
    etag: newEtag(at),
  };
}
