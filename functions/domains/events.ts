import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";

const domain = z.object({ domain_id: z.string(), domain: z.string() });
const proved = domain.extend({ method: z.string() });

export const domainEvents = defineEvents({
  "domain.claimed": { summary: "A mail domain was claimed; it is to be proved.", resource: "domain", data: domain },
  "domain.verification_mail_requested": {
    summary: "A mail with a link that proves a domain goes to a mailbox of the domain.",
    resource: "domain",
    data: domain.extend({ mailbox: z.string() }),
  },
  "domain.verified": {
    summary: "A domain is proved to be the organization's, for the first time or again.",
    resource: "domain",
    data: proved.extend({ reason: z.string().optional() }),
  },
  "domain.proof_lost": {
    summary: "The proof of a domain is gone; its owners are told again and again until it counts no more, `ends_at`.",
    resource: "domain",
    data: proved.extend({ ends_at: z.string(), days_left: z.int() }),
    outcome: "failed",
  },
  "domain.proof_found": {
    summary: "The lost proof of a domain is back in time.",
    resource: "domain",
    data: proved,
  },
  "domain.failed": {
    summary: "A domain counts as proved no more: its proof was gone for fourteen days. Nobody joins by it.",
    resource: "domain",
    data: domain,
    outcome: "failed",
  },
  "domain.expired": {
    summary: "A claim ended: nobody has proved the domain in time.",
    resource: "domain",
    data: domain,
    outcome: "failed",
  },
  "domain.updated": {
    summary: "Who may join by a domain, or with which role, has changed.",
    resource: "domain",
    data: domain.extend({ changed_fields: z.array(z.string()) }),
  },
  "domain.removed": {
    summary: "A domain is the organization's no more.",
    resource: "domain",
    data: domain.extend({ reason: z.string().optional() }),
  },
});
