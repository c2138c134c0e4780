import { type Caller, userIdOf } from "../../../shared/access/caller.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { TeamsDeps } from "../deps.ts";
import { type Managed, type Team, teamMemberItem, teamTreeItem } from "../store.ts";

/** @throws `forbidden` for who neither administers teams nor leads this one, or one above it */
export function requireManager({ standing }: Managed): void {
  if (standing.administers || standing.leads !== undefined) return;
  throw new Problem(
    "forbidden",
    "This needs you to be a lead of this team or of one above it, or the permission `teams:update`.",
    { members: { permission: "teams:update" } },
  );
}

/** @throws `conflict` for a team whose name and members are kept by the company's directory */
export function requireKeptHere({ directory }: Pick<Team, "directory">): void {
  if (directory)
    throw new Problem("conflict", "The company's directory keeps this team: change its name and its members there.", {
      members: { state: "kept_by_directory" },
    });
}

/** What the proofs below need of a call. */
interface Asking {
  readonly caller: Caller;
  stillPermitted(): Write;
}

/**
 * Proves within the transaction that the caller may still decide who belongs to the team: by the rights they came with,
 * and as a lead by being one still, the team by which they are being above this one still. Whoever changes their own
 * place in it writes the very item that would be looked at.
 */
export function stillManaging(
  call: Asking,
  { table }: TeamsDeps,
  { team, standing: { leads } }: Managed,
  target: string,
): Write[] {
  const rights = call.stillPermitted();
  const user_id = userIdOf(call.caller.principal);
  if (leads === undefined || user_id === undefined) return [rights];
  const { writes } = table.of(call.caller.organization.id);
  const { team_id, tree } = leads;
  const own = target === user_id && team_id === team.id;
  return [
    rights,
    ...(own
      ? []
      : [
          writes.check(
            teamMemberItem,
            { team_id, user_id },
            { equals: { role: "lead" } },
            () => new Problem("forbidden", "You are no lead of this team any more."),
          ),
        ]),
    ...(team_id === team.id || tree === undefined
      ? []
      : [writes.check(teamTreeItem, {}, { equals: { etag: tree.etag } }, lostRace)]),
  ];
}
