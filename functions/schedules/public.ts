/** What other rooms may use of schedules. */
export { handOverSchedule } from "./definition/hand-over.ts";
export { scheduleResource } from "./store.ts";
