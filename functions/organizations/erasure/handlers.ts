import { notFound } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import type { OrganizationsDeps } from "../deps.ts";
import type { operations } from "../operations.ts";
import { erasureItem } from "./store.ts";

/** The organization is gone, with everybody's rights in it: whoever owned it at its end is known by the erasure. */
export const getErasure: Handler<(typeof operations)["getErasure"], OrganizationsDeps> = async (
  { caller, path },
  { table },
) => {
  const erasure = await table.of(PLATFORM).get(erasureItem, path);
  if (!erasure?.owner_ids.includes(caller.user.id)) throw notFound();
  return erasure;
};
