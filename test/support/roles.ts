import type { Grant } from "../../shared/access/permissions.ts";
import { type Company, unique } from "./api.ts";

/** Makes a role of the organization's own that grants this. */
export async function ownRole(
  company: Pick<Company, "call">,
  grants: readonly Grant[],
  name = unique("Role"),
): Promise<string> {
  const made = await company.call("POST", "/roles", { name, grants });
  if (made.status !== 201) throw new Error(`POST /roles: ${made.status} ${made.text}`);
  return made.body.id;
}
