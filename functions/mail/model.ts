import * as z from "zod";
import type { UndeliverableReason } from "../../shared/mail/undeliverable.ts";

/**
 * What SES tells of a mail that was not taken, as EventBridge brings it; of everything else in it we need nothing.
 * https://docs.aws.amazon.com/ses/latest/dg/monitoring-eventbridge.html
 */
const recipient = z.object({ emailAddress: z.string() });
const statusSchema = z.object({
  detail: z.object({
    bounce: z.object({ bounceType: z.string(), bouncedRecipients: z.array(recipient) }).optional(),
    complaint: z.object({ complainedRecipients: z.array(recipient) }).optional(),
  }),
});

export interface Undelivered {
  readonly address: string;
  readonly reason: UndeliverableReason;
}

/** `Ada <ada@example.com>` is `ada@example.com`. */
const addressOf = ({ emailAddress }: z.output<typeof recipient>): string =>
  /<([^<>]+)>\s*$/.exec(emailAddress)?.[1] ?? emailAddress;

/**
 * To which addresses nothing more is to be sent. Only permanent bounces count: a full mailbox (`Transient`), or a server
 * that does not say why (`Undetermined`), may take the next mail.
 */
export function undeliveredOf(event: unknown): Undelivered[] {
  const { bounce, complaint } = statusSchema.parse(event).detail;
  const bounced = bounce?.bounceType === "Permanent" ? bounce.bouncedRecipients : [];
  return [
    ...bounced.map((one) => ({ address: addressOf(one), reason: "bounced" as const })),
    ...(complaint?.complainedRecipients ?? []).map((one) => ({
      address: addressOf(one),
      reason: "complained" as const,
    })),
  ];
}

/** How long nothing is sent: a mailbox may be mended in a month; who complained wants none for long. */
export const WITHHELD_DAYS: Readonly<Record<UndeliverableReason, number>> = { bounced: 30, complained: 365 };
