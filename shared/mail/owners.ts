import type { TenantTable } from "../dynamo/table.ts";
import { PLATFORM, userItem } from "../identity/items.ts";
import { ownersOf } from "../identity/owners.ts";
import { type MailDeps, mailTo } from "./send.ts";
import type { Template } from "./template.ts";

/** Sends a mail to every owner of an organization, except to some, each in the language that they read. */
export async function mailOwners<About>(
  deps: Pick<MailDeps, "table" | "send">,
  tenant: TenantTable,
  texts: Template<About>,
  about: About,
  except: readonly string[] = [],
): Promise<void> {
  for await (const id of ownersOf(tenant)) {
    if (except.includes(id)) continue;
    const user = await deps.table.of(PLATFORM).get(userItem, { id });
    if (user?.status === "active") await mailTo(deps, user, texts, about);
  }
}
