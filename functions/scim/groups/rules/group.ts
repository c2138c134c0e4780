import { CORE_GROUP } from "../../rules/attributes.ts";

export interface ShownGroup {
  readonly id: string;
  readonly displayName: string;
  readonly externalId: string | null;
  /** Undefined where nobody wants to see them. */
  readonly members: readonly string[] | undefined;
  readonly created_at: string;
  readonly updated_at: string;
  readonly version: string;
}

/** A group as a resource of the protocol. `base`: where the service is. */
export function groupDocument(group: ShownGroup, base: string): Record<string, unknown> {
  const { id, displayName, externalId, members, created_at, updated_at, version } = group;
  return {
    schemas: [CORE_GROUP],
    id,
    ...(externalId === null ? {} : { externalId }),
    displayName,
    ...(members === undefined || members.length === 0
      ? {}
      : { members: members.map((value) => ({ value, $ref: `${base}/Users/${value}`, type: "User" })) }),
    meta: {
      resourceType: "Group",
      created: created_at,
      lastModified: updated_at,
      location: `${base}/Groups/${id}`,
      version: `W/"${version}"`,
    },
  };
}
