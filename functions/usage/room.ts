import { defineRoom } from "../../shared/room.ts";

/** What work has used: the ledger of metered facts that quotas, budgets and billing read. */
export const room = defineRoom({ name: "usage", area: "run", functions: {} });
