import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { Image, Told } from "../../../shared/events/put.ts";
import { DATA_PLANE_SOURCE } from "../../../shared/room.ts";

/** What the data plane tells: the metered fact as it stands, without what only the table needs. */
export function leaves(image: Image): Told | undefined {
  if (image.item_type?.S !== "usage_record") return undefined;
  const stored = unmarshall(image as Parameters<typeof unmarshall>[0]);
  const record = Object.fromEntries(
    Object.entries(stored).filter(([name]) => !/^(?:pk|sk|gsi\d[ps]k|item_type)$/.test(name)),
  );
  const occurred_at = String(record.occurred_at);
  return { source: DATA_PLANE_SOURCE, type: "usage.recorded", detail: JSON.stringify(record), occurred_at };
}
