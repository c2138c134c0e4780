import { type Template, template } from "../../../shared/mail/template.ts";

interface Page {
  readonly app_url: string;
}

/** What follows in every notice: what to do where somebody else did it. */
const notYou = {
  en: ({ app_url }: Page) => [
    "",
    `If it was not you, reset your password at ${app_url}, which ends every session, and ask your administrator.`,
  ],
  de: ({ app_url }: Page) => [
    "",
    `Wenn Sie das nicht waren, setzen Sie unter ${app_url} Ihr Passwort zurück, was jede Sitzung beendet, und fragen Sie Ihre Verwaltung.`,
  ],
};

/** A notice of what was done with an account. */
const notice = <About = unknown>(
  en: (about: About) => { subject: string; lines: readonly string[] },
  de: typeof en,
): Template<About & Page> =>
  template({
    en: (about) => ({ subject: en(about).subject, lines: [...en(about).lines, ...notYou.en(about)] }),
    de: (about) => ({ subject: de(about).subject, lines: [...de(about).lines, ...notYou.de(about)] }),
  });

export const factorOn = notice(
  () => ({
    subject: "A second factor was turned on",
    lines: ["A second factor was turned on for your Kaizen Studio account. Other sessions have ended."],
  }),
  () => ({
    subject: "Ein zweiter Faktor wurde eingeschaltet",
    lines: ["Für Ihr Konto bei Kaizen Studio wurde ein zweiter Faktor eingeschaltet. Andere Sitzungen sind beendet."],
  }),
);

export const factorOff = notice(
  () => ({
    subject: "The second factor was turned off",
    lines: ["The second factor of your Kaizen Studio account was turned off. Other sessions have ended."],
  }),
  () => ({
    subject: "Der zweite Faktor wurde ausgeschaltet",
    lines: ["Der zweite Faktor Ihres Kontos bei Kaizen Studio wurde ausgeschaltet. Andere Sitzungen sind beendet."],
  }),
);

export const factorReset = notice(
  () => ({
    subject: "Your second factor was reset",
    lines: [
      "An administrator of your organization has turned off the second factor of your Kaizen Studio account.",
      "All sessions have ended.",
    ],
  }),
  () => ({
    subject: "Ihr zweiter Faktor wurde zurückgesetzt",
    lines: [
      "Die Verwaltung Ihrer Organisation hat den zweiten Faktor Ihres Kontos bei Kaizen Studio ausgeschaltet.",
      "Alle Sitzungen sind beendet.",
    ],
  }),
);

export const recoveryCodeUsed = notice(
  () => ({
    subject: "A recovery code was used",
    lines: ["A recovery code of your Kaizen Studio account took the place of your authenticator app."],
  }),
  () => ({
    subject: "Ein Wiederherstellungscode wurde benutzt",
    lines: ["Ein Wiederherstellungscode Ihres Kontos bei Kaizen Studio trat an die Stelle Ihrer Authenticator-App."],
  }),
);

export const signedOut = notice(
  () => ({
    subject: "You were signed out",
    lines: ["An administrator of your organization has ended all your sessions."],
  }),
  () => ({
    subject: "Sie wurden abgemeldet",
    lines: ["Die Verwaltung Ihrer Organisation hat alle Ihre Sitzungen beendet."],
  }),
);

interface SignedIn {
  /** What is known of the session, while there is one. */
  readonly from: { readonly device: string; readonly ip: string; readonly place: string | undefined } | undefined;
  readonly at: string;
}

export const newDevice = notice<SignedIn>(
  ({ from, at }) => ({
    subject: "A sign-in from a new device",
    lines: [
      "Somebody signed in to your Kaizen Studio account from a device that it did not know.",
      "",
      ...(from === undefined ? [] : [`Device: ${from.device}`, `Address: ${from.ip}`]),
      ...(from?.place === undefined ? [] : [`Place: ${from.place}`]),
      `Time: ${at}`,
    ],
  }),
  ({ from, at }) => ({
    subject: "Eine Anmeldung von einem neuen Gerät",
    lines: [
      "Jemand hat sich an Ihrem Konto bei Kaizen Studio von einem Gerät angemeldet, das es nicht kannte.",
      "",
      ...(from === undefined ? [] : [`Gerät: ${from.device}`, `Adresse: ${from.ip}`]),
      ...(from?.place === undefined ? [] : [`Ort: ${from.place}`]),
      `Zeit: ${at}`,
    ],
  }),
);
