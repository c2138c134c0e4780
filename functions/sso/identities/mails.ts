import { type Template, template } from "../../../shared/mail/template.ts";

interface Way {
  readonly app_url: string;
  /** The provider as people know it; undefined where nothing tells any more. */
  readonly provider: string | undefined;
  /** The address of the person's account there. */
  readonly email: string | null;
  readonly at: string;
}

const en = ({ provider, email, at }: Way) => [
  "",
  ...(provider === undefined ? [] : [`Provider: ${provider}`]),
  ...(email === null ? [] : [`Account there: ${email}`]),
  `Time: ${at}`,
  "",
];
const de = ({ provider, email, at }: Way) => [
  "",
  ...(provider === undefined ? [] : [`Anbieter: ${provider}`]),
  ...(email === null ? [] : [`Konto dort: ${email}`]),
  `Zeit: ${at}`,
  "",
];

/** A new password does not take such a way in away again: who did not ask for it has to unlink it. */
export const linkedMail: Template<Way> = template({
  en: (about) => ({
    subject: "Another way to sign in was linked to your account",
    lines: [
      "Whoever signs in to this account at a provider opens your Kaizen Studio account from now on.",
      ...en(about),
      `If it was not you, sign in at ${about.app_url}, unlink it under "How you sign in", and change your password if you have one.`,
      "A new password alone does not shut it out. Ask your administrator too.",
    ],
  }),
  de: (about) => ({
    subject: "Ihrem Konto wurde eine weitere Anmeldung hinzugefügt",
    lines: [
      "Wer sich bei einem Anbieter mit diesem Konto anmeldet, öffnet von jetzt an Ihr Konto bei Kaizen Studio.",
      ...de(about),
      `Wenn Sie das nicht waren, melden Sie sich unter ${about.app_url} an, trennen Sie es unter „Wie Sie sich anmelden“ und ändern Sie Ihr Passwort, wenn Sie eines haben.`,
      "Ein neues Passwort allein schließt es nicht aus. Fragen Sie auch Ihre Verwaltung.",
    ],
  }),
});

export const unlinkedMail: Template<Way> = template({
  en: (about) => ({
    subject: "A way to sign in was taken from your account",
    lines: [
      "This sign-in at a provider does not open your Kaizen Studio account any more. Sessions that it opened have ended.",
      ...en(about),
      `If it was not you, ask your administrator. Sign in at ${about.app_url} another way, or choose a password there.`,
    ],
  }),
  de: (about) => ({
    subject: "Eine Anmeldung wurde von Ihrem Konto getrennt",
    lines: [
      "Diese Anmeldung bei einem Anbieter öffnet Ihr Konto bei Kaizen Studio nicht mehr. Sitzungen, die sie geöffnet hat, sind beendet.",
      ...de(about),
      `Wenn Sie das nicht waren, fragen Sie Ihre Verwaltung. Melden Sie sich unter ${about.app_url} anders an, oder wählen Sie dort ein Passwort.`,
    ],
  }),
});
