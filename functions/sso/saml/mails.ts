import { template } from "../../../shared/mail/template.ts";

/** The certificates of a connection end, or have ended. */
export const certificateMail = template<{
  readonly connection: string;
  readonly organization: string;
  readonly ends_on: string;
  readonly days_left: number;
  /** The metadata is read each day: a new certificate comes by itself. */
  readonly by_itself: boolean;
}>({
  en: ({ connection, organization, ends_on, days_left, by_itself }) => ({
    subject:
      days_left > 0
        ? `Sign-in through ${connection} ends in ${days_left === 1 ? "a day" : `${days_left} days`}`
        : `Nobody signs in through ${connection} any more`,
    lines: [
      days_left > 0
        ? `The last certificate of the sign-in provider ${connection} of ${organization} expires on ${ends_on}.`
        : `The last certificate of the sign-in provider ${connection} of ${organization} has expired on ${ends_on}.`,
      days_left > 0 ? "From then on nobody signs in through it." : "Nobody signs in through it until it has a new one.",
      "",
      "Renew the certificate at the provider.",
      by_itself
        ? "Its metadata is read each day: the new certificate is taken over by itself."
        : "Then upload its metadata again: PATCH /api/v1/sso/connections/{id}.",
    ],
  }),
  de: ({ connection, organization, ends_on, days_left, by_itself }) => ({
    subject:
      days_left > 0
        ? `Die Anmeldung über ${connection} endet in ${days_left === 1 ? "einem Tag" : `${days_left} Tagen`}`
        : `Über ${connection} meldet sich niemand mehr an`,
    lines: [
      days_left > 0
        ? `Das letzte Zertifikat des Anbieters ${connection} von ${organization} läuft am ${ends_on} ab.`
        : `Das letzte Zertifikat des Anbieters ${connection} von ${organization} ist am ${ends_on} abgelaufen.`,
      days_left > 0
        ? "Von da an meldet sich niemand mehr über ihn an."
        : "Bis er ein neues hat, meldet sich niemand über ihn an.",
      "",
      "Erneuern Sie das Zertifikat beim Anbieter.",
      by_itself
        ? "Seine Metadaten werden täglich gelesen: Das neue Zertifikat wird von selbst übernommen."
        : "Laden Sie danach seine Metadaten neu hoch: PATCH /api/v1/sso/connections/{id}.",
    ],
  }),
});
