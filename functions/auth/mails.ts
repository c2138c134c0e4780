import { template } from "../../shared/mail/template.ts";

interface Page {
  readonly app_url: string;
}
type WithToken = Page & { readonly token: string };

/** The token of a requested reset. */
export const resetMail = template<WithToken>({
  en: ({ app_url, token }) => ({
    subject: "Reset your password",
    lines: [
      "Somebody asked to reset the password of your Kaizen Studio account.",
      "",
      `Open ${app_url}/reset-password#token=${token} within the next hour,`,
      "or send the token to POST /api/v1/auth/reset-password:",
      "",
      token,
      "",
      "If it was not you, ignore this mail: nothing has changed.",
    ],
  }),
  de: ({ app_url, token }) => ({
    subject: "Setzen Sie Ihr Passwort zurück",
    lines: [
      "Jemand möchte das Passwort Ihres Kontos bei Kaizen Studio zurücksetzen.",
      "",
      `Öffnen Sie innerhalb einer Stunde ${app_url}/reset-password#token=${token}`,
      "oder senden Sie dieses Token an POST /api/v1/auth/reset-password:",
      "",
      token,
      "",
      "Wenn Sie das nicht waren, ist nichts weiter zu tun: Es hat sich nichts geändert.",
    ],
  }),
});

/** The token of a reset that was asked for an account without a password: it came through a provider, or by a directory. */
export const firstPasswordMail = template<WithToken>({
  en: ({ app_url, token }) => ({
    subject: "Choose a password",
    lines: [
      "Somebody asked for a password for your Kaizen Studio account, which has none.",
      `If your company has a sign-in provider you need none: sign in at ${app_url} with this address.`,
      "",
      `To choose one, open ${app_url}/reset-password#token=${token} within the next hour,`,
      "or send the token to POST /api/v1/auth/reset-password:",
      "",
      token,
      "",
      "If it was not you, ignore this mail: nothing has changed.",
    ],
  }),
  de: ({ app_url, token }) => ({
    subject: "Wählen Sie ein Passwort",
    lines: [
      "Jemand möchte ein Passwort für Ihr Konto bei Kaizen Studio. Es hat keines.",
      `Wenn Ihr Unternehmen einen Anbieter für die Anmeldung hat, brauchen Sie keines: Melden Sie sich unter ${app_url} mit dieser Adresse an.`,
      "",
      `Um eines zu wählen, öffnen Sie innerhalb einer Stunde ${app_url}/reset-password#token=${token}`,
      "oder senden Sie dieses Token an POST /api/v1/auth/reset-password:",
      "",
      token,
      "",
      "Wenn Sie das nicht waren, ist nichts weiter zu tun: Es hat sich nichts geändert.",
    ],
  }),
});

/** Somebody registers with an address that has an account. */
export const registeredAlreadyMail = template<Page>({
  en: ({ app_url }) => ({
    subject: "You have an account already",
    lines: [
      "Somebody registered at Kaizen Studio with this address, which has an account already.",
      "",
      `Sign in at ${app_url}, or reset your password there if you have forgotten it.`,
      "",
      "If it was not you, ignore this mail: nothing has changed.",
    ],
  }),
  de: ({ app_url }) => ({
    subject: "Sie haben bereits ein Konto",
    lines: [
      "Jemand hat sich mit dieser Adresse bei Kaizen Studio registriert. Zu ihr gehört bereits ein Konto.",
      "",
      `Melden Sie sich unter ${app_url} an, oder setzen Sie dort Ihr Passwort zurück, wenn Sie es vergessen haben.`,
      "",
      "Wenn Sie das nicht waren, ist nichts weiter zu tun: Es hat sich nichts geändert.",
    ],
  }),
});

/** The token of a registration; `open` is the organization that lets people with such an address in. */
export const confirmMail = template<
  WithToken & { readonly open: { readonly organization: string; readonly domain: string } | undefined }
>({
  en: ({ app_url, token, open }) => ({
    subject: "Confirm your e-mail",
    lines: [
      "Welcome to Kaizen Studio. Confirm that this address is yours, and choose a password.",
      "",
      `Open ${app_url}/verify-email#token=${token} within the next day,`,
      "or send the token and the password to POST /api/v1/auth/verify-email:",
      "",
      token,
      "",
      ...(open === undefined
        ? []
        : [
            `${open.organization} lets people with an address of ${open.domain} join: choose so on that page,`,
            "or send token and password to POST /api/v1/auth/join-domain instead.",
            "",
          ]),
      "If it was not you, ignore this mail: no account is made.",
    ],
  }),
  de: ({ app_url, token, open }) => ({
    subject: "Bestätigen Sie Ihre E-Mail-Adresse",
    lines: [
      "Willkommen bei Kaizen Studio. Bestätigen Sie, dass diese Adresse Ihnen gehört, und wählen Sie ein Passwort.",
      "",
      `Öffnen Sie bis morgen um diese Zeit ${app_url}/verify-email#token=${token}`,
      "oder senden Sie Token und Passwort an POST /api/v1/auth/verify-email:",
      "",
      token,
      "",
      ...(open === undefined
        ? []
        : [
            `${open.organization} nimmt Personen mit einer Adresse von ${open.domain} auf: Wählen Sie das auf jener Seite,`,
            "oder senden Sie Token und Passwort stattdessen an POST /api/v1/auth/join-domain.",
            "",
          ]),
      "Wenn Sie das nicht waren, ist nichts weiter zu tun: Es wird kein Konto angelegt.",
    ],
  }),
});

/** Somebody wants to change to an address that has an account. */
export const addressTakenMail = template<undefined>({
  en: () => ({
    subject: "You have an account already",
    lines: [
      "Somebody wants to use this address for their Kaizen Studio account. It has an account already.",
      "",
      "An address belongs to one account. If it was not you, ignore this mail: nothing has changed.",
    ],
  }),
  de: () => ({
    subject: "Sie haben bereits ein Konto",
    lines: [
      "Jemand möchte diese Adresse für ein Konto bei Kaizen Studio verwenden. Zu ihr gehört bereits ein Konto.",
      "",
      "Eine Adresse gehört zu einem Konto. Wenn Sie das nicht waren, ist nichts weiter zu tun: Es hat sich nichts geändert.",
    ],
  }),
});

/** The token of a changed address, sent to the new one. */
export const newAddressMail = template<WithToken>({
  en: ({ app_url, token }) => ({
    subject: "Confirm your new e-mail",
    lines: [
      "Confirm that this address is to be the one of your Kaizen Studio account.",
      "",
      `Open ${app_url}/confirm-email#token=${token} within the next day, where you are signed in,`,
      "or send the token to POST /api/v1/auth/me/email/confirm:",
      "",
      token,
      "",
      "If it was not you, ignore this mail: nothing has changed.",
    ],
  }),
  de: ({ app_url, token }) => ({
    subject: "Bestätigen Sie Ihre neue E-Mail-Adresse",
    lines: [
      "Bestätigen Sie, dass Ihr Konto bei Kaizen Studio künftig diese Adresse haben soll.",
      "",
      `Öffnen Sie bis morgen um diese Zeit, wo Sie angemeldet sind, ${app_url}/confirm-email#token=${token}`,
      "oder senden Sie das Token an POST /api/v1/auth/me/email/confirm:",
      "",
      token,
      "",
      "Wenn Sie das nicht waren, ist nichts weiter zu tun: Es hat sich nichts geändert.",
    ],
  }),
});

/** The notice at the old address. */
export const oldAddressMail = template<undefined>({
  en: () => ({
    subject: "Your e-mail was changed",
    lines: [
      "Your Kaizen Studio account goes by another e-mail address from now on; this one signs in no more.",
      "",
      "If it was not you, ask an administrator of your organization at once to end your sessions.",
    ],
  }),
  de: () => ({
    subject: "Ihre E-Mail-Adresse wurde geändert",
    lines: [
      "Ihr Konto bei Kaizen Studio hat von jetzt an eine andere E-Mail-Adresse; mit dieser meldet sich niemand mehr an.",
      "",
      "Wenn Sie das nicht waren, bitten Sie sofort die Verwaltung Ihrer Organisation, Ihre Sitzungen zu beenden.",
    ],
  }),
});
