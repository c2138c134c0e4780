import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import { pageOf, pageQuery } from "../../shared/http/schemas.ts";
import { givenRoleSchema } from "../../shared/identity/group-rules.ts";
import { idSchema } from "../../shared/ids.ts";
import { domainNameSchema, domainView, mailboxSchema } from "./model.ts";
import { domainResource } from "./store.ts";

const path = z.object({ domain_id: idSchema("domain") });
/** Minutes within which a factor was proved: what opens the door to strangers. */
const STEP_UP = 10;

export const operations = {
  claim: operation({
    id: "domains.claim",
    method: "POST",
    path: "/domains",
    summary: "Claim a mail domain",
    description:
      "The answer names the DNS record that proves it; it is looked for every hour for seven days, and with `POST /domains/{domain_id}/verify`. Several organizations may claim a domain, one proves it. Sub-domains are claimed by themselves. Public suffixes and domains of mail providers are refused. A claim that has ended is claimed again with another record.",
    permission: "domains:create",
    resource: { type: "domain", create: true },
    request: { body: z.strictObject({ domain: domainNameSchema }) },
    response: domainView,
    success: 201,
    errors: ["already_exists", "quota_exceeded", "conflict"],
    step_up: STEP_UP,
  }),
  list: operation({
    id: "domains.list",
    method: "GET",
    path: "/domains",
    summary: "Domains of the organization by name",
    permission: "domains:read",
    resource: { type: "domain", list: true },
    request: { query: z.strictObject(pageQuery) },
    response: pageOf(domainView),
    success: 200,
    errors: [],
  }),
  get: operation({
    id: "domains.get",
    method: "GET",
    path: "/domains/{domain_id}",
    summary: "Read a domain",
    permission: "domains:read",
    resource: domainResource,
    request: { path },
    response: domainView,
    success: 200,
    errors: [],
  }),
  update: operation({
    id: "domains.update",
    method: "PATCH",
    path: "/domains/{domain_id}",
    summary: "Decide who joins by a domain",
    description:
      "With `auto_join`, whoever registers with an address of the domain may join with `default_role` while the domain is verified. Nobody gives a role that grants more than their own.",
    permission: "domains:update",
    resource: domainResource,
    request: {
      path,
      body: z
        .strictObject({ auto_join: z.boolean(), default_role: givenRoleSchema })
        .partial()
        .refine((body) => Object.keys(body).length > 0, "names nothing to change"),
    },
    response: domainView,
    success: 200,
    errors: ["conflict", "precondition_failed", "reference_not_found"],
    step_up: STEP_UP,
  }),
  verify: operation({
    id: "domains.verify",
    method: "POST",
    path: "/domains/{domain_id}/verify",
    summary: "Look for the DNS record now",
    description:
      "`last_check` says what was found. Name servers may give an old answer for as long as they were told to keep it.",
    permission: "domains:update",
    resource: domainResource,
    request: { path },
    response: domainView,
    success: 200,
    errors: ["conflict"],
  }),
  sendVerificationMail: operation({
    id: "domains.send_verification_mail",
    method: "POST",
    path: "/domains/{domain_id}/verification-mail",
    summary: "Prove a domain by a mail to one of its mailboxes",
    description:
      "A link goes to admin@ or postmaster@ of the domain. It works once, for a day; a newer one replaces it. A domain gets at most five such mails a day. The proof counts for a year.",
    permission: "domains:update",
    resource: domainResource,
    request: { path, body: z.strictObject({ mailbox: mailboxSchema }) },
    response: domainView,
    success: 202,
    errors: ["conflict"],
    location: "/domains/{id}",
  }),
  confirm: operation({
    id: "domains.confirm",
    method: "POST",
    path: "/domains/confirm",
    summary: "Prove a domain with the token from the mail",
    description: "For whoever reads the mailbox, who needs no account. The token works once.",
    permission: "public",
    request: { body: z.strictObject({ token: z.string().min(1).max(200).meta({ format: "password" }) }) },
    response: z.object({ domain: z.string(), organization_id: idSchema("organization") }),
    success: 200,
    errors: ["not_found", "conflict"],
    sensitive: true,
  }),
  remove: operation({
    id: "domains.remove",
    method: "DELETE",
    path: "/domains/{domain_id}",
    summary: "Give a domain up",
    description: "Nobody joins by it from the next request on, and others may prove it. Members stay members.",
    permission: "domains:delete",
    resource: domainResource,
    request: { path },
    response: "none",
    success: 204,
    errors: ["conflict"],
    step_up: STEP_UP,
  }),
} as const;
