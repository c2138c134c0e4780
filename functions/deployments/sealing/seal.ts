import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { canonicalJson, isObject } from "../../../shared/expressions/json.ts";
import type { Sealer } from "../../../shared/http/platform.ts";
import type { SigningKey } from "../../../shared/signing/kms.ts";
import type { AgentSnapshot } from "../../agents/public.ts";
import { secretHeaderContext } from "../../agents/tools/public.ts";
import { apiKeyContext, providerOf, type StoredProvider } from "../../models/public.ts";
import type { Statement } from "../../serving/public.ts";
import type { StoredDeployment } from "../store.ts";

export interface SealDeps {
  readonly secrets: Pick<Sealer, "decrypt">;
  /** For the data plane: nobody here opens what is sealed by it. */
  readonly plane_secrets: Pick<Sealer, "encrypt">;
  readonly signer: Pick<SigningKey, "sign">;
}

/** What goes to the built-in data plane beside the bundle. */
export interface Sealed {
  readonly statement: Statement;
  readonly signature: string;
  readonly secret_headers: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly providers: readonly StoredProvider[];
}

/** Signs what is deployed, and seals for the data plane what is secret of it: opened here once, in memory, and sealed again. */
export async function seal(
  tenant: TenantTable,
  { id, gateway_id, target_id, version }: StoredDeployment,
  { tools, definition }: Pick<AgentSnapshot, "tools" | "definition">,
  digest: string,
  deps: SealDeps,
): Promise<Sealed> {
  const statement: Statement = {
    organization_id: tenant.tenant,
    gateway_id,
    target_id,
    deployment_id: id,
    version,
    digest,
  };
  const [{ signature }, headers, providers] = await Promise.all([
    deps.signer.sign(canonicalJson(statement)),
    Promise.all(tools.filter(({ is_enabled }) => is_enabled).map((tool) => headersOf(tenant.tenant, tool, deps))),
    providersOf(tenant, [definition.model_id, ...definition.fallback_model_ids], deps),
  ]);
  return { statement, signature, secret_headers: Object.fromEntries(headers.flat()), providers };
}

async function headersOf(
  of: string,
  { id, config }: AgentSnapshot["tools"][number],
  { secrets, plane_secrets }: SealDeps,
): Promise<[string, Record<string, string>][]> {
  const sealed = isObject(config.secret_headers) ? Object.entries(config.secret_headers) : [];
  if (sealed.length === 0) return [];
  const again = sealed.map(async ([name, value]) => {
    const context = secretHeaderContext(of, id, name);
    return [name, await plane_secrets.encrypt(await secrets.decrypt(String(value), context), context)] as const;
  });
  return [[id, Object.fromEntries(await Promise.all(again))]];
}

async function providersOf(
  tenant: TenantTable,
  models: readonly string[],
  { secrets, plane_secrets }: SealDeps,
): Promise<StoredProvider[]> {
  const found = await Promise.all(models.map((model) => providerOf(tenant, model)));
  const stored = new Map(found.flatMap((one) => (one?.stored === undefined ? [] : [[one.stored.name, one.stored]])));
  return Promise.all(
    [...stored.values()].map(async (provider) => {
      if (provider.sealed_api_key === null) return provider;
      const context = apiKeyContext(tenant.tenant, provider.name);
      const key = await secrets.decrypt(provider.sealed_api_key, context);
      return { ...provider, sealed_api_key: await plane_secrets.encrypt(key, context) };
    }),
  );
}
