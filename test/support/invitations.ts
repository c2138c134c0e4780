import { invitationItem, invitationTokenContext } from "../../functions/invitations/store.ts";
import { type Company, unique } from "./api.ts";
import { stackPlatform } from "./stack.ts";

/** Invites somebody through the API. */
export async function invited(company: Company, email = `${unique("guest")}@example.com`, role = "viewer") {
  const answer = await company.call("POST", "/invitations", { email, role });
  if (answer.status !== 201) throw new Error(`invitation failed: ${answer.status} ${answer.text}`);
  return answer.body as { id: string; email: string; role: string; expires_at: string };
}

/**
 * The token that the mail of an invitation brings, read where the mail function reads it: tests that are not about mail
 * do not wait for one.
 */
export async function linkOf({ organization_id }: Pick<Company, "organization_id">, id: string): Promise<string> {
  const { table, secrets } = stackPlatform();
  const invitation = await table.of(organization_id).get(invitationItem, { id });
  if (invitation === undefined) throw new Error(`there is no invitation ${id}`);
  return secrets.decrypt(invitation.sealed_token, invitationTokenContext(invitation));
}
