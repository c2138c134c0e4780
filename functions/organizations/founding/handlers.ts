import type { Handler } from "../../../shared/http/call.ts";
import { newId } from "../../../shared/ids.ts";
import type { OrganizationsDeps } from "../deps.ts";
import type { operations } from "../operations.ts";
import { found, LARGEST_FOUNDING } from "./found.ts";

/** Another organization of a user's own; the active one stays what it is. */
export const create: Handler<(typeof operations)["create"], OrganizationsDeps> = async (call, { table }) => {
  const { caller, body, at } = call;
  const organization_id = newId("organization", at);
  const wish = {
    organization_id,
    name: body.name,
    slug: body.slug ?? null,
    slug_field: "slug",
    exact: body.slug !== undefined,
    founder: caller.user,
    primary: false,
    at,
  } as const;
  return found(table, wish, ({ organization, workspace, writes, events }) =>
    call.commit(
      { writes, events, largest: LARGEST_FOUNDING + 1 },
      { organization, workspace },
      { tenant: organization_id, actor: caller.principal },
    ),
  );
};
