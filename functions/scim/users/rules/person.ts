import { emailSchema, nameSchema } from "../../../../shared/http/schemas.ts";
import { cutText } from "../../../../shared/text.ts";
import { CORE_USER, ENTERPRISE_USER } from "../../rules/attributes.ts";
import type { ScimUserAttributes } from "../../rules/schemas.ts";

/**
 * The one address by which somebody is an account here: the preferred one of their addresses, else the one at work, else
 * the first; else their user name, where it is one.
 */
export function addressOf({ userName, emails = [] }: ScimUserAttributes): string | undefined {
  const chosen = emails.find(({ primary }) => primary === true) ??
    emails.find(({ type }) => type?.toLowerCase() === "work") ??
    emails[0] ?? { value: userName };
  return emailSchema.safeParse(chosen.value).data;
}

/** What somebody is called whose account is made: as others see them; their address where that is nothing to show. */
export function displayNameOf({ displayName, name }: ScimUserAttributes, address: string): string {
  const parts = [name?.givenName, name?.familyName].filter((part) => part !== undefined).join(" ");
  for (const candidate of [displayName, name?.formatted, parts]) {
    const shown = nameSchema.safeParse(cutText(candidate ?? "", 120)).data;
    if (shown !== undefined) return shown;
  }
  return cutText(address, 120);
}

/** What is shown of somebody beside what the directory says. */
export interface Shown {
  readonly id: string;
  readonly active: boolean;
  readonly created_at: string;
  readonly updated_at: string;
  readonly version: string;
  readonly groups?: readonly { readonly id: string; readonly name: string }[];
}

/** A user as a resource of the protocol. `base`: where the service is. */
export function userDocument(attributes: ScimUserAttributes, shown: Shown, base: string): Record<string, unknown> {
  const { active: _, ...said } = attributes;
  const { id, active, created_at, updated_at, version, groups } = shown;
  return {
    schemas: [CORE_USER, ...(attributes[ENTERPRISE_USER] === undefined ? [] : [ENTERPRISE_USER])],
    id,
    ...said,
    active,
    ...(groups === undefined || groups.length === 0
      ? {}
      : {
          groups: groups.map((group) => ({
            value: group.id,
            $ref: `${base}/Groups/${group.id}`,
            display: group.name,
            type: "direct",
          })),
        }),
    meta: {
      resourceType: "User",
      created: created_at,
      lastModified: updated_at,
      location: `${base}/Users/${id}`,
      version: `W/"${version}"`,
    },
  };
}
