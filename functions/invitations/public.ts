/** What other rooms may use of invitations. */
export {
  acceptance,
  invitationTo,
  LARGEST_ACCEPTANCE,
  noLongerWorks,
  type OpenInvitation,
  openInvitation,
  readPending,
} from "./accepting/accept.ts";
export { invitationTokenSchema } from "./model.ts";
export { invitationsTo, pendingOf, revocation } from "./revoking/revoke.ts";
