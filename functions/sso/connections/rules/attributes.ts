import type { Attributes, ProviderKind, presets } from "../../model.ts";

type Preset = (typeof presets)[number];

const PLAIN = { email: "email", name: "name", groups: "groups" } as const;
const CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims";

/** How providers call their SAML attributes if nobody says otherwise, or how docs/sso.md says to call them. */
const SAML: Readonly<Record<Preset, Pick<Attributes, "email" | "name" | "groups">>> = {
  microsoft_entra: {
    email: `${CLAIMS}/emailaddress`,
    name: "http://schemas.microsoft.com/identity/claims/displayname",
    groups: "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
  },
  auth0: { email: `${CLAIMS}/emailaddress`, name: `${CLAIMS}/name`, groups: "http://schemas.auth0.com/groups" },
  okta: PLAIN,
  google: PLAIN,
  custom: PLAIN,
};

/** How a provider usually calls what we read. */
export const usualAttributes = (kind: ProviderKind, preset: Preset): Attributes =>
  kind === "saml" ? { ...SAML[preset], email_verified: null } : { ...PLAIN, email_verified: "email_verified" };
