import * as z from "zod";
import type { Envelope } from "../../../../shared/change/events.ts";
import { mailOwners } from "../../../../shared/mail/owners.ts";
import type { MailDeps } from "../../../../shared/mail/send.ts";
import { stoppedReason } from "../rules/kinds.ts";
import { placeItem } from "../store.ts";
import { stoppedMail } from "./mails.ts";

const stopped = z.object({ stream_id: z.string(), name: z.string(), reason: stoppedReason, next_sequence: z.int() });

/** Tells the owners of an organization that one of its audit streams has stopped. */
export async function tellStopped(event: Envelope, deps: Pick<MailDeps, "table" | "send">): Promise<void> {
  const { stream_id: id, name, reason, next_sequence } = stopped.parse(event.data);
  const tenant = deps.table.of(event.organization_id);
  const place = await tenant.get(placeItem, { stream_id: id });
  if (place === undefined) return;
  const error = place.last_error?.message ?? "";
  await mailOwners(deps, tenant, stoppedMail, { id, name, reason, next_sequence, error });
}
