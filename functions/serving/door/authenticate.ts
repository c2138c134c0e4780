import type { Table } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { Memo } from "../../../shared/expressions/memo.ts";
import type { Endpoint } from "../model.ts";
import { counts, servingKeys } from "../rules/keys.ts";
import { servedEndpointItem, servedKeyItem } from "../store.ts";
import type { DoorRequest } from "./request.ts";

/** Whoever has a key, and what it opens. */
export interface Caller {
  readonly tenant: string;
  readonly key_id: string;
  readonly endpoint: Endpoint;
}

/** To which endpoint a key belongs never changes: only whether it counts is asked each time. */
const belongsTo = new Memo<Promise<{ readonly gateway_id: string; readonly target_id: string } | undefined>>(5_000);

const refused = (): Problem =>
  new Problem("unauthenticated", "Send a key of this endpoint as `Authorization: Bearer ks_serve_…`.", {
    headers: { "www-authenticate": 'Bearer realm="Kaizen Studio"' },
  });

/**
 * Who asks. The endpoint is read strongly with each request, so a key that was withdrawn is refused from the next one on.
 * @throws Problem `unauthenticated` without a reason; `organization_suspended`, `forbidden` for a page of another origin
 */
export async function authenticate({ headers }: DoorRequest, table: Table, now: Date): Promise<Caller> {
  const [, text = ""] = /^bearer +(\S+)$/i.exec(headers.authorization ?? "") ?? [];
  const parts = servingKeys.read(text);
  if (parts === undefined) throw refused();
  const { id, organization_id, proof } = parts;
  const tenant = table.of(organization_id);
  const name = `${organization_id} ${id}`;
  const finding = belongsTo.get(name, () => tenant.get(servedKeyItem, { id }));
  const forget = () => belongsTo.forget(name);
  finding.then((found) => (found === undefined ? forget() : undefined), forget);
  const place = await finding;
  if (place === undefined) throw refused();
  const { gateway_id, target_id } = place;
  const endpoint = await tenant.get(servedEndpointItem, { gateway_id, target_id });
  if (endpoint === undefined || !counts(endpoint, id, proof, now)) throw refused();
  if (!endpoint.open) throw new Problem("organization_suspended", "The organization is suspended.");
  const { origin } = headers;
  if (origin !== undefined && !endpoint.allowed_origins.includes(origin))
    throw new Problem("forbidden", "Pages of this origin may not ask this endpoint: see its `allowed_origins`.");
  return { tenant: organization_id, key_id: id, endpoint };
}
