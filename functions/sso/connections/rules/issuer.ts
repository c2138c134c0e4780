import type { Issue } from "../../../../shared/errors.ts";
import type { presets } from "../../model.ts";

/** How the issuers of well-known providers look: one company's, never one that everybody signs in to. */
const ISSUERS: Readonly<
  Record<Exclude<(typeof presets)[number], "custom">, { readonly form: RegExp; readonly like: string }>
> = {
  microsoft_entra: {
    form: /^https:\/\/login\.microsoftonline\.(?:com|us)\/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\/v2\.0$/i,
    like: "https://login.microsoftonline.com/<tenant id>/v2.0",
  },
  google: { form: /^https:\/\/accounts\.google\.com$/, like: "https://accounts.google.com" },
  okta: {
    form: /^https:\/\/[\w-]+\.(?:okta|oktapreview|okta-emea)\.com(?:\/oauth2\/[\w-]+)?$/,
    like: "https://<company>.okta.com",
  },
  auth0: { form: /^https:\/\/[\w-]+(?:\.[a-z]{2})?\.auth0\.com\/?$/, like: "https://<company>.eu.auth0.com/" },
};

/**
 * What is wrong with an issuer for its provider. Microsoft's `common` and `organizations` are everybody's: any tenant's
 * administrator could say any address.
 */
export function issuerIssues(preset: (typeof presets)[number], issuer: string): Issue[] {
  if (preset === "custom") {
    const everybody = /^https:\/\/login\.microsoftonline\.com\/(?:common|organizations|consumers)\b/i.test(issuer);
    return everybody ? [{ path: "provider.issuer", message: "is not of one company: name the tenant" }] : [];
  }
  const { form, like } = ISSUERS[preset];
  return form.test(issuer) ? [] : [{ path: "provider.issuer", message: `must look like ${like}` }];
}

/**
 * Whatever the connection is called. Google says with `hd` which company somebody is of, but gives any account a token:
 * an address is what tells.
 */
export const isGoogle = (issuer: string): boolean => /^https:\/\/accounts\.google\.com(?:[:/]|$)/i.test(issuer);

const same = (one: string, other: string): boolean => one.replace(/\/$/, "") === other.replace(/\/$/, "");

/** What is wrong with a provider's discovery document, as far as a sign-in needs it. */
export function discoveryProblem(document: unknown, issuer: string): string | undefined {
  if (typeof document !== "object" || document === null) return "is no JSON object";
  const said = document as Readonly<Record<string, unknown>>;
  if (typeof said.issuer !== "string" || !same(said.issuer, issuer)) return "names another issuer";
  const missing = ["authorization_endpoint", "token_endpoint", "jwks_uri"].find(
    (name) => typeof said[name] !== "string",
  );
  return missing === undefined ? undefined : `does not say its ${missing}`;
}
