/** What other rooms may use of teams. */
export { teamEvents } from "./events.ts";
export { enterPromised as enterPromisedTeams, requireManaged } from "./members/invited.ts";
export { enterTeam, enterTeams, leaveTeam, placesOf, teamsOf } from "./members/places.ts";
export { type TeamMember, teamItem, teamMemberItem, teamResource, userTeamsItem } from "./store.ts";
