import type * as z from "zod";
import { template } from "../../../../shared/mail/template.ts";
import type { stoppedReason } from "../rules/kinds.ts";

type StoppedReason = z.output<typeof stoppedReason>;

interface Stopped {
  readonly id: string;
  readonly name: string;
  readonly reason: StoppedReason;
  readonly next_sequence: number;
  readonly error: string;
}

const because: Readonly<Record<StoppedReason, { readonly en: string; readonly de: string }>> = {
  failing_too_long: {
    en: "its destination has taken nothing for three days",
    de: "ihr Ziel hat drei Tage lang nichts angenommen",
  },
  refused: {
    en: "its destination has been refusing for an hour, which no further try mends",
    de: "ihr Ziel lehnt seit einer Stunde ab, was kein weiterer Versuch ändert",
  },
  gone: { en: "its destination answered 410 Gone", de: "ihr Ziel hat mit 410 Gone geantwortet" },
};

/** To the owners of an organization one of whose audit streams has stopped. */
export const stoppedMail = template<Stopped>({
  en: ({ id, name, reason, next_sequence, error }) => ({
    subject: `Audit stream stopped: ${name}`,
    lines: [
      `The audit stream "${name}" (${id}) has stopped: ${because[reason].en}.`,
      `The last answer: ${error}`,
      "",
      `Nothing is lost: it stands at number ${next_sequence}, and goes on from there as long as the audit log is kept. Mend the destination, then:`,
      `- see what went wrong: GET /api/v1/audit/streams/${id}`,
      `- try it:              POST /api/v1/audit/streams/${id}/test`,
      `- let it go on:        POST /api/v1/audit/streams/${id}/start {}`,
    ],
  }),
  de: ({ id, name, reason, next_sequence, error }) => ({
    subject: `Audit-Übertragung angehalten: ${name}`,
    lines: [
      `Die Übertragung „${name}“ (${id}) des Audit-Logs hat angehalten: ${because[reason].de}.`,
      `Die letzte Antwort: ${error}`,
      "",
      `Nichts ist verloren: Sie steht bei Nummer ${next_sequence} und geht dort weiter, solange das Audit-Log aufbewahrt wird. Bringen Sie das Ziel in Ordnung, danach:`,
      `- nachsehen, was war: GET /api/v1/audit/streams/${id}`,
      `- ausprobieren:       POST /api/v1/audit/streams/${id}/test`,
      `- weiter übertragen:  POST /api/v1/audit/streams/${id}/start {}`,
    ],
  }),
});
