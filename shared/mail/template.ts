import type { Table } from "../dynamo/table.ts";
import { organizationItem, type User } from "../identity/items.ts";
import { generalOf } from "../identity/settings.ts";

/** The languages that mails are written in; the first one is for whoever reads none of them. */
export const mailLanguages = ["en", "de"] as const;
export type MailLanguage = (typeof mailLanguages)[number];

/** One mail in one language, as lines of plain text; what people see as HTML is made of them. */
export interface Text {
  readonly subject: string;
  readonly lines: readonly string[];
}

/** What a mail says about something, in every language: one that is missing does not compile. */
export type Template<About> = Readonly<Record<MailLanguage, (about: About) => Text>>;

/** Gives a template the type of what it is about. */
export const template = <About>(texts: Template<About>): Template<About> => texts;

export interface Worded extends Text {
  readonly language: MailLanguage;
}

/** A mail in one language. */
export const worded = <About>(texts: Template<About>, language: MailLanguage, about: About): Worded => ({
  language,
  ...texts[language](about),
});

/** The language of the first wish that is one of ours, as a tag of BCP 47: `de-AT` is read as German. */
export function mailLanguage(...wishes: readonly (string | null | undefined)[]): MailLanguage {
  for (const wish of wishes) {
    const base = wish?.split("-")[0]?.toLowerCase();
    const ours = mailLanguages.find((language) => language === base);
    if (ours !== undefined) return ours;
  }
  return mailLanguages[0];
}

/** The language that a person is written to: their own wish, else that of the organization in which they begin. */
export async function languageOf(
  table: Table,
  { language, default_organization_id }: Pick<User, "language" | "default_organization_id">,
): Promise<MailLanguage> {
  if (language !== null) return mailLanguage(language);
  const organization = await table.of(default_organization_id).get(organizationItem, {});
  return mailLanguage(organization && generalOf(organization.settings).language);
}
