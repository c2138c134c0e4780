import * as z from "zod";
import { healths, results } from "./health.ts";

/** Apart from the shapes of gateways: events know no more than this. */
export const healthSchema = z.enum(healths).meta({
  id: "GatewayHealth",
  description:
    "What three of the last five checks have found since it last changed; `unknown` before, after a change of address, and while the gateway is inactive.",
});

export const resultSchema = z.enum(results).meta({ id: "GatewayCheckResult" });
