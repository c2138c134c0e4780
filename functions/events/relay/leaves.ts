import { envelopeSchema } from "../../../shared/change/events.ts";
import type { Image, Told, Unfit } from "../../../shared/events/put.ts";
import { cutText } from "../../../shared/text.ts";

/**
 * An event of the outbox as it leaves.
 * @param known whether a room declares events of this type
 */
export function leaves(image: Image, known: (type: string) => boolean): Told | Unfit | undefined {
  if (image.item_type?.S !== "event") return undefined;
  const detail = image.envelope?.S ?? "";
  const parsed = envelopeSchema.safeParse(jsonOf(detail));
  if (!parsed.success) {
    const where = parsed.error.issues.map(({ path, code }) => `${path.join(".")} ${code}`).join(", ");
    return { reason: "unreadable", detail: where };
  }
  const { type, occurred_at } = parsed.data;
  if (!known(type)) return { reason: "unknown_type", detail: cutText(type, 200) };
  return { source: "kaizen-studio", type, detail, occurred_at };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
