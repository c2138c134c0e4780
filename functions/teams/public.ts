/** What other rooms may use of teams. */

export { teamEvents } from "./events.ts";
export { changedTeam, newTeam } from "./making/team.ts";
export { forgetMembers } from "./members/forget.ts";
export { enterPromised as enterPromisedTeams, requireManaged } from "./members/invited.ts";
export { type Changed, changedMembers, MEMBERS_AT_A_TIME, withinTeamSize } from "./members/many.ts";
export { enterTeam, enterTeams, leaveTeam, placesOf, teamsOf } from "./members/places.ts";
export { endOfTeam, LARGEST_DELETION } from "./nesting/end.ts";
export {
  type Team,
  type TeamMember,
  teamItem,
  teamMemberItem,
  teamNameItem,
  teamResource,
  type UserTeams,
  userTeamsItem,
} from "./store.ts";
