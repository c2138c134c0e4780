import { Problem } from "../../../../shared/errors.ts";

/** Who may register by themselves in this deployment. */
export interface RegistrationPolicy {
  readonly open: boolean;
  /** Domains of e-mail addresses that may; empty: all. Subdomains are domains of their own. */
  readonly domains: readonly string[];
}

/** Mails of one registration, the first included. */
export const MAILS_PER_REGISTRATION = 3;

/** Why this address may not register; undefined when it may. Says nothing of accounts, only of the deployment. */
export function mayRegister({ open, domains }: RegistrationPolicy, email: string): Problem | undefined {
  if (!open) {
    return new Problem(
      "registration_closed",
      "Nobody registers by themselves here. Ask an administrator for an invitation.",
    );
  }
  const domain = email.slice(email.lastIndexOf("@") + 1).toLowerCase();
  if (domains.length === 0 || domains.includes(domain)) return undefined;
  return new Problem("registration_closed", `Registration is open to e-mail addresses of ${domains.join(", ")} only.`);
}
