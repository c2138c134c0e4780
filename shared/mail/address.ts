import { domainToASCII } from "node:url";

/**
 * The name of a domain in lower case and in the ASCII form of other scripts, the one that mail and DNS use; empty for what
 * is none. The parser of addresses would stop at some signs, and take others away: what has one of them is no name.
 */
export const asciiDomain = (name: string): string =>
  /[/?#\\@:%[\]\p{Cc}]/u.test(name) ? "" : domainToASCII(name.trim().replace(/[.。．｡]$/u, ""));

/** The domain of an address that `emailSchema` has taken. */
export const domainOf = (email: string): string => email.slice(email.lastIndexOf("@") + 1);
