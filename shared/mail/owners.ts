import type { TenantTable } from "../dynamo/table.ts";
import { PLATFORM, userItem } from "../identity/items.ts";
import { administratorsOf, ownersOf } from "../identity/owners.ts";
import { type MailDeps, mailTo } from "./send.ts";
import type { Template } from "./template.ts";

/** Sends a mail to every owner of an organization, except to some, each in the language that they read. */
export const mailOwners = <About>(
  deps: Pick<MailDeps, "table" | "send">,
  tenant: TenantTable,
  texts: Template<About>,
  about: About,
  except: readonly string[] = [],
): Promise<void> => mailAll(deps, ownersOf(tenant), texts, about, except);

/** Sends a mail to every owner and administrator of an organization. */
export const mailAdministrators = <About>(
  deps: Pick<MailDeps, "table" | "send">,
  tenant: TenantTable,
  texts: Template<About>,
  about: About,
): Promise<void> => mailAll(deps, administratorsOf(tenant), texts, about, []);

async function mailAll<About>(
  deps: Pick<MailDeps, "table" | "send">,
  people: AsyncIterable<string>,
  texts: Template<About>,
  about: About,
  except: readonly string[],
): Promise<void> {
  for await (const id of people) {
    if (except.includes(id)) continue;
    const user = await deps.table.of(PLATFORM).get(userItem, { id });
    if (user?.status === "active") await mailTo(deps, user, texts, about);
  }
}
