import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";

/** So many findings one message has at most. */
const MOST_FINDINGS = 500;

export const leakOperations = {
  reportLeaked: operation({
    id: "api_keys.report_leaked",
    method: "POST",
    path: "/api-keys/leaked",
    summary: "Report API keys that were found in public",
    description:
      "For secret scanners, in the form of GitHub's partner programme: signed by `Github-Public-Key-Identifier` and `Github-Public-Key-Signature` (ECDSA P-256, SHA-256, over the body as it is sent). Each key that is one is revoked, and its owner is told.",
    permission: "public",
    request: {
      body: z
        .array(
          z
            .object({
              token: z.string().max(1_000).meta({ example: "ks_live_01JDQ4…" }),
              type: z.string().max(200).meta({ example: "kaizen_studio_api_key" }),
              url: z.string().max(2_000).default(""),
              source: z.string().max(200).default("").meta({ example: "commit" }),
            })
            .meta({ id: "LeakedKey" }),
        )
        .min(1)
        .max(MOST_FINDINGS),
    },
    response: z.array(
      z
        .object({
          token_raw: z.string().meta({ example: "ks_live_01JDQ4…" }),
          token_type: z.string().meta({ example: "kaizen_studio_api_key" }),
          label: z.enum(["true_positive", "false_positive"]),
        })
        .meta({ id: "LeakVerdict", description: "Whether what was found is a key." }),
    ),
    success: 200,
    served_by: "leaks",
    sensitive: true,
    errors: ["unauthenticated"],
    rate_class: "write",
  }),
} as const;
