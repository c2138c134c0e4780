import type { ApiKey } from "../../../shared/access/keys/items.ts";
import { membershipItem, PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { type MailDeps, mailTo } from "../../../shared/mail/send.ts";
import type { Template } from "../../../shared/mail/template.ts";

/**
 * Mails whoever looks after a key, if they are still somebody who can do something about it: its owner, or who has made it
 * where the owner is a service account, which reads no mail.
 */
export async function mailOwner<About>(
  deps: Pick<MailDeps, "table" | "send">,
  { organization_id, owner_type, owner_id, created_by }: ApiKey,
  texts: Template<About>,
  about: About,
): Promise<void> {
  const id = owner_type === "user" ? owner_id : created_by;
  const { table } = deps;
  const [member, user] = await table.batch([
    table.of(organization_id).read(membershipItem, { user_id: id }),
    table.of(PLATFORM).read(userItem, { id }),
  ]);
  if (member?.status === "active" && user?.status === "active") await mailTo(deps, user, texts, about);
}

/** A time as mails say it. */
export const inMail = (time: string): string => `${time.slice(0, 16).replace("T", " ")} UTC`;
