import * as z from "zod";
import type { Envelope } from "../../../shared/change/events.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { mailAdministrators } from "../../../shared/mail/owners.ts";
import type { MailDeps } from "../../../shared/mail/send.ts";
import { connectionItem } from "../store.ts";
import { certificateMail } from "./mails.ts";

const expiring = z.object({ connection_id: z.string(), expires_at: z.string(), days_left: z.int() });

/**
 * `sso.certificate_expiring`: mails owners and administrators, unless the connection is gone or has newer certificates
 * meanwhile. A second delivery sends the same mails again.
 */
export async function warnOfCertificates(event: Envelope, deps: Pick<MailDeps, "table" | "send">): Promise<void> {
  const { connection_id, expires_at, days_left } = expiring.parse(event.data);
  const tenant = deps.table.of(event.organization_id);
  const [connection, organization] = await deps.table.batch([
    tenant.read(connectionItem, { id: connection_id }),
    tenant.read(organizationItem, {}),
  ]);
  if (connection?.provider.kind !== "saml" || organization === undefined) return;
  const { certificates_expire_at, metadata_url } = connection.provider;
  if (connection.status === "deleting" || certificates_expire_at !== expires_at) return;
  await mailAdministrators(deps, tenant, certificateMail, {
    connection: connection.name,
    organization: organization.name,
    ends_on: expires_at.slice(0, 10),
    days_left,
    by_itself: metadata_url !== null,
  });
}
