/** What other rooms may use of invitations. */
export { acceptance, LARGEST_ACCEPTANCE, noLongerWorks, openInvitation } from "./accepting/accept.ts";
export { invitationTokenSchema } from "./model.ts";
export { pendingOf, revocation } from "./revoking/revoke.ts";
