import { template } from "../../shared/mail/template.ts";

/** The link of an invitation. `inviter` is null where nobody is left to name. */
export const invitationMail = template<{
  readonly app_url: string;
  readonly token: string;
  readonly organization: string;
  readonly inviter: string | null;
  readonly message: string;
}>({
  en: ({ app_url, token, organization, inviter, message }) => ({
    subject: `Join ${organization} at Kaizen Studio`,
    lines: [
      `${inviter ?? "An administrator"} invites you to join ${organization} at Kaizen Studio.`,
      "",
      ...(message === "" ? [] : ["They write:", "", `> ${message}`, ""]),
      `Open ${app_url}/invitation#token=${token} within the next seven days,`,
      "or send the token to POST /api/v1/auth/join with a name and a password; if you have an account,",
      "sign in and send it to POST /api/v1/invitations/accept:",
      "",
      token,
      "",
      "If you don't know what this is about, ignore this mail: nothing happens.",
    ],
  }),
  de: ({ app_url, token, organization, inviter, message }) => ({
    subject: `Einladung zu ${organization} bei Kaizen Studio`,
    lines: [
      `${inviter ?? "Die Verwaltung"} lädt Sie ein, bei Kaizen Studio Mitglied von ${organization} zu werden.`,
      "",
      ...(message === "" ? [] : ["Die Nachricht dazu:", "", `> ${message}`, ""]),
      `Öffnen Sie innerhalb von sieben Tagen ${app_url}/invitation#token=${token}`,
      "oder senden Sie das Token mit Namen und Passwort an POST /api/v1/auth/join; wenn Sie ein Konto haben,",
      "melden Sie sich an und senden Sie es an POST /api/v1/invitations/accept:",
      "",
      token,
      "",
      "Wenn Sie nicht wissen, worum es geht, ist nichts weiter zu tun: Es geschieht nichts.",
    ],
  }),
});
