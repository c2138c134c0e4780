/** What other rooms may use of teams. */
export { teamEvents } from "./events.ts";
export { enterTeam, leaveTeam, type PlaceChange, placesOf, teamsOf } from "./members/places.ts";
export { type TeamMember, teamItem, teamMemberItem, teamResource, userTeamsItem } from "./store.ts";
