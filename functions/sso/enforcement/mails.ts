import { type Template, template } from "../../../shared/mail/template.ts";

interface Enforcement {
  readonly organization: string;
  /** Name and address of the owner who still signs in with a password. */
  readonly owner: string;
  readonly at: string;
}

/** A mail to the owners about what was done, with where to look for more. */
const notice = (en: (about: Enforcement) => [string, string], de: typeof en): Template<Enforcement> =>
  template({
    en: (about) => ({
      subject: en(about)[0],
      lines: [
        en(about)[1],
        "",
        `Time: ${about.at}`,
        "",
        "If that should not have happened, look into the audit trail of your organization.",
      ],
    }),
    de: (about) => ({
      subject: de(about)[0],
      lines: [
        de(about)[1],
        "",
        `Zeit: ${about.at}`,
        "",
        "Wenn das nicht hätte geschehen sollen, sehen Sie im Protokoll Ihrer Organisation nach.",
      ],
    }),
  });

export const enforcedMail = notice(
  ({ organization, owner }) => [
    `${organization} enforces sign-in through its provider`,
    `Members sign in through the provider only. ${owner} alone may still use a password, with a second factor.`,
  ],
  ({ organization, owner }) => [
    `${organization} verlangt die Anmeldung über seinen Anbieter`,
    `Mitglieder melden sich nur noch über den Anbieter an. Allein ${owner} darf noch ein Passwort benutzen, mit zweitem Faktor.`,
  ],
);

export const enforcementEndedMail = notice(
  ({ organization }) => [
    `${organization} allows passwords again`,
    "Members need not sign in through the provider any more: passwords count as well.",
  ],
  ({ organization }) => [
    `${organization} lässt Passwörter wieder zu`,
    "Mitglieder müssen sich nicht mehr über den Anbieter anmelden: Auch Passwörter gelten.",
  ],
);

export const glassBrokenMail = notice(
  ({ organization, owner }) => [
    `A sign-in with a password in ${organization}`,
    `${owner} has signed in with a password, as they alone may while sign-in through the provider is enforced.`,
  ],
  ({ organization, owner }) => [
    `Eine Anmeldung mit Passwort in ${organization}`,
    `${owner} hat sich mit einem Passwort angemeldet, wie es allein erlaubt ist, solange die Anmeldung über den Anbieter verlangt wird.`,
  ],
);
