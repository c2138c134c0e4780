import { decide } from "../../../shared/access/decide.ts";
import { grantsIn } from "../../../shared/access/own-roles.ts";
import type { Permission } from "../../../shared/access/permissions.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { type Asking, requireAlso } from "../../../shared/http/permit.ts";
import { membershipItem, PLATFORM, userItem } from "../../../shared/identity/items.ts";
import type { Trial } from "../../runs/trial/public.ts";
import type { CassetteChoice } from "../model.ts";

interface Asked {
  readonly faults: Trial["faults"];
  readonly cassette?: CassetteChoice | undefined;
  readonly as_user?: string | undefined;
}

/**
 * What every test may be told.
 * @param permission what the test itself needs, of another member, too
 */
export async function trialOf(
  call: Asking<"runs:read" | "users:read">,
  table: TenantTable,
  { faults, cassette, as_user }: Asked,
  permission: Permission,
): Promise<Pick<Trial, "faults" | "cassette" | "as_user_id">> {
  if (cassette?.replay !== undefined) requireAlso(call, "runs:read", "Answering from a run");
  if (as_user !== undefined) {
    requireAlso(call, "users:read", "Asking for another member");
    await requireMay(table, as_user, permission);
  }
  return {
    faults,
    cassette:
      cassette === undefined
        ? null
        : { record: cassette.record, replay_run_id: cassette.replay ?? null, on_miss: cassette.on_miss },
    as_user_id: as_user ?? null,
  };
}

/** Another member has to hold the permission as well: whoever tests gains nothing by asking for them. */
async function requireMay(table: TenantTable, user_id: string, permission: Permission): Promise<void> {
  const [user, membership] = await table.table.batch([
    table.table.of(PLATFORM).read(userItem, { id: user_id }),
    table.read(membershipItem, { user_id }),
  ]);
  if (user?.status !== "active" || membership?.status !== "active") {
    const message = "is no active member of the organization";
    throw new Problem("validation_failed", `\`as_user\` ${message}.`, { issues: [{ path: "as_user", message }] });
  }
  if (decide(await grantsIn(table, membership.role), permission).allowed) return;
  throw new Problem(
    "forbidden",
    `${user_id} has the role ${membership.role}, which does not grant the permission \`${permission}\`.`,
    { members: { permission, user_id } },
  );
}
