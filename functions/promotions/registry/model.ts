import { defineStates } from "../../../shared/states.ts";
import { promotionStatuses } from "../model.ts";

export const promotionStates = defineStates("promotion", promotionStatuses, [
  { from: [], to: "pending_approval", why: "Somebody asks for it." },
  { from: [], to: "approved", why: "Somebody asks for it, and it needs no approval." },
  { from: ["pending_approval"], to: "approved", why: "The last approval that it needs is given." },
  { from: ["pending_approval"], to: "rejected", why: "Somebody who may approve it rejects it." },
  { from: ["pending_approval", "approved"], to: "cancelled", why: "Somebody cancels it." },
  { from: ["pending_approval"], to: "expired", why: "Somebody would approve it when its time is over." },
]);
