import { addSeconds } from "../clock.ts";

const DAY_SECONDS = 86_400;

/** Days for which what is archived can be restored; then it is erased. */
const ARCHIVED_DAYS = 30;

/** When something that is archived now is to be erased. */
export const purgeAt = (at: Date): Date => addSeconds(at, ARCHIVED_DAYS * DAY_SECONDS);
