import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { pageOf, pageQuery } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";
import { domainNameSchema } from "../../domains/model.ts";
import { domainClaim, reasonSchema, STEP_UP } from "../model.ts";

const path = z.object({ domain: domainNameSchema });
const body = z.strictObject({
  organization_id: idSchema("organization"),
  reason: reasonSchema.meta({ example: "Seen in the register of the top-level domain." }),
});
const ruling = {
  permission: "operator",
  method: "POST",
  response: domainClaim,
  success: 200,
  step_up: STEP_UP,
} as const;

export const operations = {
  getDomain: operation({
    id: "operators.get_domain",
    method: "GET",
    path: "/platform/domains/{domain}",
    summary: "Who has proved a mail domain",
    description: "That nobody has is an answer too. A domain above or below it is another one.",
    permission: "operator",
    request: { path },
    response: z.object({
      domain: z.string(),
      proved_by: domainClaim.nullable().meta({ description: "The claim that is proved; null where nobody's is." }),
    }),
    success: 200,
    errors: [],
  }),
  listDomainClaims: operation({
    id: "operators.list_domain_claims",
    method: "GET",
    path: "/platform/domains/{domain}/claims",
    summary: "Who claims a mail domain, proved or not",
    description: "In the order in which the organizations were founded.",
    permission: "operator",
    request: { path, query: z.strictObject(pageQuery) },
    response: pageOf(domainClaim),
    success: 200,
    errors: [],
  }),
  verifyDomain: operation({
    ...ruling,
    id: "operators.verify_domain",
    path: "/platform/domains/{domain}/verify",
    summary: "Vouch for an organization's claim of a domain",
    description:
      "It counts as proved for good, without a record. Refused (409) while another organization has proved it: release it there first. The organization's owners are mailed, and its audit trail has it, with the reason.",
    request: { path, body },
    errors: ["conflict"],
  }),
  releaseDomain: operation({
    ...ruling,
    id: "operators.release_domain",
    path: "/platform/domains/{domain}/release",
    summary: "Take a proved domain from an organization",
    description:
      "Nobody joins by it any more, and it is free for whoever proves it next. The answer is the claim as it was. The organization's owners are mailed, and its audit trail has it, with the reason.",
    request: { path, body },
    errors: ["conflict"],
  }),
} as const;
