import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { idSchema } from "../../../shared/ids.ts";
import { STEP_UP } from "../model.ts";
import { limitsChange, organizationLimits } from "./model.ts";

export const operations = {
  changeLimits: operation({
    id: "operators.change_limits",
    method: "PATCH",
    path: "/platform/organizations/{organization_id}/limits",
    summary: "Set limits for an organization beside its plan",
    description:
      "They count from the next request on, and on whatever plan it is. A number that is left out stays, null takes an override back. By class (`x-rate-class`) it is what each person and each API key may send in this organization; a key's own limit holds besides.",
    permission: "operator",
    request: { path: z.object({ organization_id: idSchema("organization") }), body: limitsChange },
    response: organizationLimits,
    success: 200,
    errors: ["conflict", "precondition_failed"],
    step_up: STEP_UP,
  }),
} as const;
