import { template } from "../../shared/mail/template.ts";

/** The link that proves a domain, to a mailbox of it. */
export const linkMail = template<{
  readonly app_url: string;
  readonly token: string;
  readonly domain: string;
  readonly organization: string;
  readonly hours: number;
}>({
  en: ({ app_url, token, domain, organization, hours }) => ({
    subject: `Does ${domain} belong to ${organization}?`,
    lines: [
      `${organization} says at Kaizen Studio that the mail domain ${domain} is theirs.`,
      "If that is so, people with an address of it can be let into their organization.",
      "",
      `If it is, open ${app_url}/domain#token=${token} within ${hours} hours`,
      "and confirm it there, or send the token to POST /api/v1/domains/confirm:",
      "",
      token,
      "",
      "If it is not, ignore this mail: nothing happens.",
    ],
  }),
  de: ({ app_url, token, domain, organization, hours }) => ({
    subject: `Gehört ${domain} zu ${organization}?`,
    lines: [
      `${organization} gibt bei Kaizen Studio an, die Mail-Domain ${domain} sei die eigene.`,
      "Wenn das so ist, können Personen mit einer Adresse von ihr in diese Organisation aufgenommen werden.",
      "",
      `Wenn ja, öffnen Sie innerhalb von ${hours} Stunden ${app_url}/domain#token=${token}`,
      "und bestätigen Sie es dort, oder senden Sie das Token an POST /api/v1/domains/confirm:",
      "",
      token,
      "",
      "Wenn nein, ist nichts weiter zu tun: Es geschieht nichts.",
    ],
  }),
});

/** The proof of a domain is gone; `name` and `value` are the record that brings it back. */
export const proofLostMail = template<{
  readonly domain: string;
  readonly by_mail: boolean;
  readonly name: string;
  readonly value: string;
  readonly ends_on: string;
  readonly days_left: number;
}>({
  en: ({ domain, by_mail, name, value, ends_on, days_left }) => ({
    subject: `The proof of ${domain} is gone`,
    lines: [
      `That the mail domain ${domain} is yours can no longer be seen.`,
      by_mail
        ? "It was proved by mail a year ago. Ask for another mail, or set the record"
        : "Its DNS record is gone. Set the record of type TXT",
      "",
      name,
      value,
      "",
      `until ${ends_on}: that is ${days_left} days from now. From then on it counts as`,
      "proved no more, and nobody joins your organization by an address of it until the proof is back.",
    ],
  }),
  de: ({ domain, by_mail, name, value, ends_on, days_left }) => ({
    subject: `Der Nachweis für ${domain} fehlt`,
    lines: [
      `Dass die Mail-Domain ${domain} Ihnen gehört, ist nicht mehr zu sehen.`,
      by_mail
        ? "Sie wurde vor einem Jahr per Mail nachgewiesen. Fordern Sie eine weitere Mail an, oder setzen Sie den Eintrag"
        : "Ihr DNS-Eintrag fehlt. Setzen Sie den Eintrag vom Typ TXT",
      "",
      name,
      value,
      "",
      `bis zum ${ends_on}, das heißt innerhalb von ${days_left} Tagen. Danach gilt sie nicht mehr als`,
      "nachgewiesen, und niemand kommt durch eine Adresse von ihr in Ihre Organisation, bis der Nachweis wieder da ist.",
    ],
  }),
});

/** An operator of the platform has vouched for a domain, or taken it away. */
export const rulingMail = template<{ readonly domain: string; readonly verified: boolean; readonly reason: string }>({
  en: ({ domain, verified, reason }) => ({
    subject: verified ? `${domain} counts as yours` : `${domain} is yours no more`,
    lines: [
      verified
        ? `An operator of the platform has vouched for it that the mail domain ${domain} is your organization's.`
        : `An operator of the platform has taken the mail domain ${domain} from your organization: nobody joins by it any more.`,
      "",
      `Their reason: ${reason}`,
      "",
      "Your organization's audit trail has it. If you think that it is wrong, write to whoever runs the platform.",
    ],
  }),
  de: ({ domain, verified, reason }) => ({
    subject: verified ? `${domain} gilt als Ihre Domain` : `${domain} ist nicht mehr Ihre Domain`,
    lines: [
      verified
        ? `Ein Betreiber der Plattform hat bestätigt, dass die Mail-Domain ${domain} Ihrer Organisation gehört.`
        : `Ein Betreiber der Plattform hat Ihrer Organisation die Mail-Domain ${domain} entzogen: Niemand tritt mehr durch sie bei.`,
      "",
      `Begründung: ${reason}`,
      "",
      "Es steht im Prüfprotokoll Ihrer Organisation. Wenn Sie es für falsch halten, wenden Sie sich an den Betreiber der Plattform.",
    ],
  }),
});
