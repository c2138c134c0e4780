import { template } from "../../shared/mail/template.ts";

interface Ending {
  readonly id: string;
  readonly name: string;
  readonly days: number;
  readonly at: string;
}

/** To the owner of a key that will soon end. */
export const endingMail = template<Ending>({
  en: ({ id, name, days, at }) => ({
    subject: `API key ends in ${days} days: ${name}`,
    lines: [
      `The API key "${name}" (${id}) ends at ${at}. From then on every request with it is refused.`,
      "",
      "If a program still needs it:",
      `- give it more time:   PATCH /api/v1/api-keys/${id} {"expires_at":"…"}`,
      `- give it a new secret: POST /api/v1/api-keys/${id}/rotate {"overlap_hours":24}`,
      "Otherwise there is nothing to do.",
    ],
  }),
  de: ({ id, name, days, at }) => ({
    subject: `API-Schlüssel endet in ${days} Tagen: ${name}`,
    lines: [
      `Der API-Schlüssel „${name}“ (${id}) endet am ${at}. Von da an wird jede Anfrage mit ihm abgelehnt.`,
      "",
      "Falls ein Programm ihn noch braucht:",
      `- mehr Zeit geben:       PATCH /api/v1/api-keys/${id} {"expires_at":"…"}`,
      `- neu ausstellen:         POST /api/v1/api-keys/${id}/rotate {"overlap_hours":24}`,
      "Sonst ist nichts zu tun.",
    ],
  }),
});

interface Leak {
  readonly id: string;
  readonly name: string;
  readonly at: string;
  readonly url: string;
}

/** To the owner of a key that was found in public. */
export const leakedMail = template<Leak>({
  en: ({ id, name, at, url }) => ({
    subject: `API key revoked: ${name} was found in public`,
    lines: [
      `The API key "${name}" (${id}) was found in public at ${at} and has been revoked.`,
      ...(url === "" ? [] : [`It stands at ${url}`]),
      "",
      "Make another one for whatever used it: POST /api/v1/api-keys",
      `What was done with it stands in the audit trail: GET /api/v1/audit/logs?actor=api_key:${id}`,
    ],
  }),
  de: ({ id, name, at, url }) => ({
    subject: `API-Schlüssel widerrufen: ${name} stand öffentlich im Netz`,
    lines: [
      `Der API-Schlüssel „${name}“ (${id}) wurde um ${at} öffentlich gefunden und ist widerrufen.`,
      ...(url === "" ? [] : [`Er steht unter ${url}`]),
      "",
      "Stellen Sie für das, was ihn benutzt hat, einen anderen aus: POST /api/v1/api-keys",
      `Was mit ihm getan wurde, steht im Protokoll: GET /api/v1/audit/logs?actor=api_key:${id}`,
    ],
  }),
});
