import { draft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import { type HandOver, noChange } from "../../../shared/identity/hand-over.ts";
import { ownerWrites } from "../../../shared/identity/owned.ts";
import { newEtag } from "../../../shared/ids.ts";
import { scheduleEvents } from "../events.ts";
import { aboutSchedule } from "../firing/record.ts";
import type { Schedule } from "../model.ts";
import { scheduleItem } from "../store.ts";

/** Gives a schedule of somebody who goes to another owner, for whom its runs act from then on. */
export const handOverSchedule: HandOver = async (own, id, from, to, at) => {
  const read = await own.get(scheduleItem, { id });
  if (read?.owner_id !== from) return noChange(own, { kind: "schedule", id }, from);
  const next: Schedule = { ...read, owner_id: to, updated_at: timestamp(at), etag: newEtag(at) };
  const data = { ...aboutSchedule(read), changed_fields: ["owner_id"] };
  const changes = [{ field: "owner_id", old: from, new: to }];
  return {
    writes: [
      own.writes.replace(scheduleItem, next, read.etag),
      ...ownerWrites(own, { kind: "schedule", id }, from, to),
    ],
    events: [draft(scheduleEvents, "schedule.updated", read, data, { changes })],
  };
};
