import { commitChange, systemContext } from "../../../shared/change/commit.ts";
import { changedFields, draft, type EventDraft, type FieldChange } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { addSeconds, type Clock, timestamp } from "../../../shared/clock.ts";
import type { Due } from "../../../shared/due/item.ts";
import { Problem } from "../../../shared/errors.ts";
import { auditDaysOf } from "../../../shared/identity/organization.ts";
import { newEtag } from "../../../shared/ids.ts";
import { knownToPool, putProvider, REPAIR_SECONDS, type ReconcileDeps, subject } from "../connections/reconcile.ts";
import { toldOf } from "../connections/rules/told.ts";
import { ssoEvents } from "../events.ts";
import { type Connection, connectionItem, connectionRepair, samlLook } from "../store.ts";
import type { Metadata, SamlProvider, SamlState } from "./model.ts";
import { fetchMetadata, type MetadataDeps } from "./read.ts";
import { isValid } from "./rules/certificates.ts";
import { daysUntil, dueWarning, nextLook } from "./rules/expiry.ts";
import { samlStored } from "./rules/stored.ts";

export type LookDeps = ReconcileDeps & MetadataDeps & { readonly clock: Clock };

type Saml = Connection & { readonly provider: SamlProvider; readonly saml: SamlState };

const isSaml = (connection: Connection | undefined): connection is Saml =>
  connection?.provider.kind === "saml" && (connection.status === "active" || connection.status === "inactive");

/** What stands at the metadata's address now; a text says why it is none. Another's name is none either. */
async function reading(
  { metadata_url, entity_id }: SamlProvider,
  at: Date,
  deps: LookDeps,
): Promise<Metadata | string> {
  try {
    const metadata = await fetchMetadata(metadata_url ?? "", "metadata", at, deps);
    if (metadata.entity_id === entity_id) return metadata;
    return "names another provider (`entityID`): connect that one beside it";
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return error.options.issues?.[0]?.message ?? error.message;
  }
}

/** The connection with what was read of its provider. */
function withReading(connection: Saml, found: Metadata | string, at: Date): Saml {
  const { provider, saml } = connection;
  return typeof found === "string"
    ? { ...connection, provider: { ...provider, metadata_problem: found } }
    : { ...connection, ...samlStored(found, provider, saml.warned, at) };
}

/**
 * `saml_provider`: reads metadata that has an address, takes over what has changed, gives the pool the certificates that
 * are valid by now, and warns of their end. Certificates are followed by the next ones without a gap: the pool has all
 * that are valid.
 * @returns when to look again
 */
export async function lookAtProvider({ tenant: id, ref }: Due, deps: LookDeps): Promise<Date | undefined> {
  const { table, clock } = deps;
  const tenant = table.of(id);
  const at = clock.now();
  const first = await tenant.get(connectionItem, { id: ref });
  if (!isSaml(first)) return undefined;
  const { metadata_url } = first.provider;
  const found = metadata_url === null ? undefined : await reading(first.provider, at, deps);
  const context = systemContext(id, samlLook.kind, at, await auditDaysOf(tenant));
  return updateWithRetry(undefined, async () => {
    const read = await tenant.get(connectionItem, { id: ref });
    if (!isSaml(read)) return undefined;
    // Somebody has just given another provider's: it is looked at anew.
    if (read.provider.metadata_url !== metadata_url || read.provider.entity_id !== first.provider.entity_id) return at;
    const looked = found === undefined ? read : withReading(read, found, at);
    const days = dueWarning(looked.provider, looked.saml.warned, at);
    const expires_at = looked.provider.certificates_expire_at;
    const warned = days === undefined ? looked.saml.warned : { expires_at, days };
    const changes = changedFields(toldOf(read.provider), toldOf(looked.provider));
    const next: Saml = {
      ...looked,
      saml: { ...looked.saml, chosen_at: timestamp(at), warned },
      ...(changes.length === 0 ? {} : { updated_at: timestamp(at) }),
      etag: newEtag(at),
    };
    // Cognito takes no certificates that are over: the pool keeps those that it has, which let nobody in.
    const touchesPool =
      next.provider.certificates.some((one) => isValid(one, at)) &&
      knownToPool(next, at) !== knownToPool(read, new Date(read.saml.chosen_at));
    if (touchesPool) {
      await table.transact([connectionRepair.set(tenant, ref, addSeconds(at, REPAIR_SECONDS))]);
      await putProvider(deps, next, at);
    }
    const writes = [tenant.writes.replace(connectionItem, next, read.etag)];
    const [event, ...events] = told(next, changes, days === undefined ? undefined : daysUntil(expires_at, at));
    await (event === undefined
      ? table.transact(writes)
      : commitChange(table, context, { writes, events: [event, ...events] }));
    return nextLook(next.provider, warned, at);
  });
}

/** What is said of a look: what the provider has changed, and that its certificates end. */
function told(next: Saml, changes: readonly FieldChange[], days_left: number | undefined): EventDraft[] {
  const [resource, data] = subject(next);
  const changed_fields = changes.map(({ field }) => field);
  const { certificates_expire_at: expires_at } = next.provider;
  return [
    ...(changes.length === 0
      ? []
      : [draft(ssoEvents, "sso.connection_updated", resource, { ...data, changed_fields }, { changes })]),
    ...(days_left === undefined
      ? []
      : [draft(ssoEvents, "sso.certificate_expiring", resource, { ...data, expires_at, days_left })]),
  ];
}
