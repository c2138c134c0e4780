import type { Table } from "../../shared/dynamo/table.ts";
import type { Write } from "../../shared/dynamo/write.ts";
import { alreadyExists } from "../../shared/errors.ts";
import { defineResource } from "../../shared/http/resource.ts";
import { type Organization, organizationItem, PLATFORM, slugItem } from "../../shared/identity/items.ts";

/** Only the active organization can be read, and has been, with the caller's rights; any other id is unknown. */
export const organizationResource = defineResource({
  type: "organization",
  path: ["organization_id"],
  async read({ table, path, caller, fresh }): Promise<Organization | undefined> {
    if (path.organization_id !== caller.organization.id) return undefined;
    return fresh ? table.get(organizationItem, {}) : caller.organization;
  },
});

/** The writes that replace an organization as it was read; another slug is exchanged in the same transaction. */
export function replaceOrganization(table: Table, read: Organization, next: Organization): Write[] {
  const { writes } = table.of(PLATFORM);
  const slug = (value: string) => ({ slug: value, organization_id: read.id });
  return [
    table.of(read.id).writes.replace(organizationItem, next, read.etag),
    ...(read.slug === next.slug
      ? []
      : [
          writes.create(slugItem, slug(next.slug), () => alreadyExists("slug", "This slug is taken. Choose another.")),
          writes.remove(slugItem, { slug: read.slug }, { equals: { organization_id: read.id } }),
        ]),
  ];
}
