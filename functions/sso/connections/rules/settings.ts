import type { Issue } from "../../../../shared/errors.ts";
import type { Attributes, OidcProvider, presets } from "../../model.ts";
import type { SamlProvider } from "../../saml/model.ts";
import { isGoogle, issuerIssues } from "./issuer.ts";

/** What cannot be right of a connection's settings, by itself. */
export function settingsIssues({
  preset,
  provider,
  email_trust,
  attributes,
}: {
  readonly preset: (typeof presets)[number];
  readonly provider: OidcProvider | SamlProvider;
  readonly email_trust: "claim" | "provider";
  readonly attributes: Attributes;
}): Issue[] {
  if (provider.kind === "saml")
    return [
      ...(email_trust === "provider"
        ? []
        : [{ path: "email_trust", message: "must be `provider`: SAML does not say which addresses are verified" }]),
      ...(attributes.email_verified === null
        ? []
        : [{ path: "attributes.email_verified", message: "must be null: SAML does not say it" }]),
    ];
  return [
    ...issuerIssues(preset, provider.issuer),
    ...(isGoogle(provider.issuer) && email_trust === "provider"
      ? [{ path: "email_trust", message: "must be `claim`: anybody can have an account of Google" }]
      : []),
    ...(attributes.email_verified === null
      ? [{ path: "attributes.email_verified", message: "must name the claim" }]
      : []),
  ];
}
