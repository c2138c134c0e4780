import type * as z from "zod";
import { template } from "../../../shared/mail/template.ts";
import type { disabledReason } from "../model.ts";

type DisabledReason = z.output<typeof disabledReason>;

interface Disabled {
  readonly id: string;
  readonly name: string;
  readonly reason: DisabledReason;
  readonly since: string;
}

const because: Readonly<Record<DisabledReason, { readonly en: string; readonly de: string }>> = {
  consecutive_failures: {
    en: "20 deliveries in a row failed",
    de: "20 Zustellungen nacheinander sind fehlgeschlagen",
  },
  failing_too_long: {
    en: "deliveries have been failing for three days",
    de: "Zustellungen schlagen seit drei Tagen fehl",
  },
  gone: { en: "the receiver answered 410 Gone", de: "der Empfänger hat mit 410 Gone geantwortet" },
};

/** To whoever looks after a webhook that has been switched off. */
export const disabledMail = template<Disabled>({
  en: ({ id, name, reason, since }) => ({
    subject: `Webhook disabled: ${name}`,
    lines: [
      `The webhook "${name}" (${id}) has been disabled: ${because[reason].en}.`,
      "",
      "Nothing is delivered to it any more. Mend the receiver, then:",
      `- activate it:        PATCH /api/v1/webhooks/${id} {"status":"active"}`,
      `- see what went wrong: GET /api/v1/webhooks/${id}/deliveries?status=failed`,
      `- fetch what it missed: POST /api/v1/webhooks/${id}/replay {"since":"${since}"}`,
    ],
  }),
  de: ({ id, name, reason, since }) => ({
    subject: `Webhook abgeschaltet: ${name}`,
    lines: [
      `Der Webhook „${name}“ (${id}) wurde abgeschaltet: ${because[reason].de}.`,
      "",
      "An ihn wird nichts mehr zugestellt. Bringen Sie den Empfänger in Ordnung, danach:",
      `- wieder einschalten:    PATCH /api/v1/webhooks/${id} {"status":"active"}`,
      `- nachsehen, was war:    GET /api/v1/webhooks/${id}/deliveries?status=failed`,
      `- Versäumtes nachholen:  POST /api/v1/webhooks/${id}/replay {"since":"${since}"}`,
    ],
  }),
});
