import { decide } from "../../../shared/access/decide.ts";
import type { Grant } from "../../../shared/access/permissions.ts";
import type { ApprovalRecord, Approvers } from "../model.ts";

/** A person as they are when it is asked: nothing of it is kept. */
export interface Person {
  readonly user_id: string;
  readonly role: string;
  readonly grants: readonly Grant[];
  readonly team_ids: readonly string[];
}

/** Whether an approval names the person, by any of what it names; everybody where it names nobody. */
export function named({ users, teams, roles, permissions }: Approvers, person: Person): boolean {
  if ([users, teams, roles, permissions].every((some) => some === undefined)) return true;
  return (
    users?.includes(person.user_id) === true ||
    teams?.some((team) => person.team_ids.includes(team)) === true ||
    roles?.some((role) => role === person.role) === true ||
    permissions?.some((permission) => decide(person.grants, permission).allowed) === true
  );
}

/** Whether the person may decide what these approvers decide: it names them, and they hold the permission. */
export const isApprover = (approvers: Approvers, person: Person): boolean =>
  decide(person.grants, "approvals:decide").allowed && named(approvers, person);

/** By whom an approval may be decided now: by the first, and from its escalation on by the others too. */
export const approversOf = ({
  approvers,
  escalation,
}: Pick<ApprovalRecord, "approvers" | "escalation">): readonly Approvers[] =>
  escalation === null || escalation.done_at === null ? [approvers] : [approvers, escalation.to];
