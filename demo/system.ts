import { detach } from "../local/detach.ts";
import { type Mail, mailsPath } from "../local/mails.ts";
import { findRunning } from "../local/running.ts";
import { until } from "./story.ts";

/** The gateway of the local system, which is started where it does not run; undefined when it cannot be. */
export async function connect(): Promise<string | undefined> {
  if ((await findRunning()) === undefined) {
    console.log("The local system does not run yet; starting it (npm stop ends it).");
    if ((await detach(undefined)) !== 0) return undefined;
  }
  const running = await until(
    "The start of the local system",
    async () => {
      const found = await findRunning();
      return found?.state === "ready" ? found : undefined;
    },
    300,
  ).catch(() => undefined);
  return running?.gateway_url;
}

/** What a mail to this address brought, once it has come: the newest match. */
export const mailed = (gateway: string, address: string, token: RegExp): Promise<string> =>
  until(`A mail to ${address}`, async () => {
    const { items } = (await (await fetch(`${gateway}${mailsPath}`)).json()) as { items: Mail[] };
    return items
      .filter(({ to }) => to.includes(address))
      .flatMap(({ text }) => token.exec(text) ?? [])
      .at(-1);
  });

/** The proof of an address, in the mail of a registration. */
export const PROOF = /rgn_[0-9A-Z]{26}\.[\w-]{43}/;
/** The link by which an approver decides. */
export const APPROVAL_LINK = /\/approvals\/apr_[0-9A-Z]{26}#\S*token=\S+[\w-]/;
/** The link of an invitation. */
export const LINK = /org_[0-9A-Z]{26}\.inv_[0-9A-Z]{26}\.[\w-]{43}/;
/** The link that proves a mail domain. */
export const DOMAIN_LINK = /org_[0-9A-Z]{26}\.dom_[0-9A-Z]{26}\.[\w-]{43}/;
