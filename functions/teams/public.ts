/** What other rooms may use of teams. */
export { teamEvents } from "./events.ts";
export { changedTeam, newTeam } from "./making/team.ts";
export { enterPromised as enterPromisedTeams, requireManaged } from "./members/invited.ts";
export { type Changed, changedMembers, MEMBERS_AT_A_TIME } from "./members/many.ts";
export { enterTeam, enterTeams, leaveTeam, placesOf, teamsOf } from "./members/places.ts";
export { endOfTeam, LARGEST_DELETION } from "./nesting/end.ts";
export {
  type Team,
  type TeamMember,
  teamItem,
  teamMemberItem,
  teamNameItem,
  teamResource,
  userTeamsItem,
} from "./store.ts";
