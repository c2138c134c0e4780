import { draft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import { wrongState } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import type { AuditDeps } from "../deps.ts";
import { auditEvents } from "../events.ts";
import { requireUnheld } from "../holds/store.ts";
import type { personOperations } from "./operations.ts";
import { type PersonErasure, personErasure, personErasureItem } from "./store.ts";

type Ops = typeof personOperations;

/** Asked for again it begins again: entries that are written late are found by that. */
export const erasePerson: Handler<Ops["erasePerson"], AuditDeps> = async (call, { table }) => {
  const { user_id, status } = await call.load();
  if (status !== "removed") throw wrongState("member", status, "removed");
  const { id, name } = call.caller.organization;
  const own = table.of(id);
  const erasure: PersonErasure = {
    user_id,
    status: "erasing",
    requested_at: timestamp(call.at),
    completed_at: null,
    parts: 0,
  };
  const writes = [
    requireUnheld(own),
    own.writes.put(personErasureItem, erasure),
    personErasure.set(own, user_id, call.at),
  ];
  const events = [draft(auditEvents, "audit.person_erasure_begun", { id, name }, { user_id })] as const;
  return call.commit({ writes, events }, erasure);
};

export const getPersonErasure: Handler<Ops["getPersonErasure"], AuditDeps> = (call) => call.load();
