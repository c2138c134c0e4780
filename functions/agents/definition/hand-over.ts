import { draft } from "../../../shared/change/events.ts";
import { type HandOver, noChange } from "../../../shared/identity/hand-over.ts";
import { ownerWrites } from "../../../shared/identity/owned.ts";
import { agentEvents } from "../events.ts";
import { agentItem } from "../store.ts";
import { changeAgent } from "./changes.ts";

/** Gives an agent of somebody who goes to another owner, archived or not. */
export const handOverAgent: HandOver = async (own, id, from, to, at) => {
  const agent = await own.get(agentItem, { id });
  if (agent?.owner_id !== from) return noChange(own, { kind: "agent", id }, from);
  const { name } = agent;
  const { write } = changeAgent(own, agent, at, { owner_id: to });
  const data = { agent_id: id, name, changed_fields: ["owner_id"] };
  const changes = [{ field: "owner_id", old: from, new: to }];
  return {
    writes: [write, ...ownerWrites(own, { kind: "agent", id }, from, to)],
    events: [draft(agentEvents, "agent.updated", { id, name }, data, { changes })],
  };
};
