import * as z from "zod";

/** A mail that the local AWS has taken for delivery; nothing leaves the laptop. */
export interface Mail {
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
}

const kept = z.object({
  messages: z.record(
    z.string(),
    z.array(z.object({ To: z.array(z.string()), Subject: z.string(), BodyText: z.string().nullable() })),
  ),
});

/** Mails that were sent, oldest first. `endpoint` is the local AWS. */
export async function sentMails(endpoint: string): Promise<Mail[]> {
  const answer = await fetch(`${endpoint}/_ministack/ses/messages`);
  return Object.values(kept.parse(await answer.json()).messages)
    .flat()
    .map(({ To, Subject, BodyText }) => ({ to: To, subject: Subject, text: BodyText ?? "" }));
}

/** The token that one of these mails brought to an address, the newest first. */
export const tokenIn = (mails: readonly Mail[], address: string, prefix: "rgn" | "pwr"): string | undefined =>
  mails
    .filter(({ to }) => to.includes(address))
    .flatMap(({ text }) => new RegExp(`${prefix}_[0-9A-Z]{26}\\.[\\w-]{43}`).exec(text) ?? [])
    .at(-1);

/** The gateway's page of them: `GET /_local/mails`. */
export const mailsPath = "/_local/mails";
