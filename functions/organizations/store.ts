import type { Table } from "../../shared/dynamo/table.ts";
import type { Write } from "../../shared/dynamo/write.ts";
import { alreadyExists } from "../../shared/errors.ts";
import { type Organization, organizationItem, PLATFORM, slugItem } from "../../shared/identity/items.ts";

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
