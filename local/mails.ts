import * as z from "zod";

/** A mail that the local AWS has taken for delivery; nothing leaves the laptop. */
export interface Mail {
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

const kept = z.object({
  messages: z.record(
    z.string(),
    z.array(
      z.object({
        To: z.array(z.string()),
        Subject: z.string(),
        BodyText: z.string().nullable(),
        BodyHtml: z.string().nullish(),
      }),
    ),
  ),
});

/** Mails that were sent, oldest first. `endpoint` is the local AWS. */
export async function sentMails(endpoint: string): Promise<Mail[]> {
  const answer = await fetch(`${endpoint}/_ministack/ses/messages`);
  return Object.values(kept.parse(await answer.json()).messages)
    .flat()
    .map(({ To, Subject, BodyText, BodyHtml }) => ({
      to: To,
      subject: Subject,
      text: BodyText ?? "",
      html: BodyHtml ?? "",
    }));
}

/** The token that one of these mails brought to an address, the newest first. */
export const tokenIn = (mails: readonly Mail[], address: string, prefix: "rgn" | "pwr" | "emc"): string | undefined =>
  mails
    .filter(({ to }) => to.includes(address))
    .flatMap(({ text }) => new RegExp(`${prefix}_[0-9A-Z]{26}\\.[\\w-]{43}`).exec(text) ?? [])
    .at(-1);

/** The gateway's mailbox: `GET /_local/mails`, a page for a browser, JSON for everybody else. */
export const mailsPath = "/_local/mails";

/** The mailbox as a page, the newest mail first. Each mail stands in a frame of its own, which runs no scripts. */
export function mailbox(mails: readonly Mail[]): string {
  const shown = mails.toReversed().map(({ to, subject, html, text }) => {
    const document =
      html === "" ? `<pre>${escaped(text)}</pre>` : html.replace("<head>", '<head><base target="_blank">');
    const frame = `<iframe sandbox="allow-popups" srcdoc="${escaped(document)}" title="${escaped(subject)}"></iframe>`;
    return `<article><h2>${escaped(subject)}</h2><p>to ${escaped(to.join(", "))}</p>${frame}</article>`;
  });
  const style =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:50em;margin:2em auto;padding:0 1em}article{border:1px solid #ccc;border-radius:8px;padding:0 1em 1em;margin:1em 0}h2{font-size:1.1em;margin:.7em 0 0}p{color:#555;margin:0 0 .5em}iframe{width:100%;height:26em;border:0;background:#fff}";
  const none = "<p>No mail was sent yet.</p>";
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Mail</title><style>${style}</style></head><body><h1>Mail</h1>${shown.join("\n") || none}</body></html>\n`;
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
