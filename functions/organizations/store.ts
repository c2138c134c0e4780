import * as z from "zod";
import { sameRules } from "../../shared/access/bundle.ts";
import { addSeconds, timestamp } from "../../shared/clock.ts";
import type { Condition } from "../../shared/dynamo/condition.ts";
import { defineItem } from "../../shared/dynamo/item.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import type { Write } from "../../shared/dynamo/write.ts";
import { alreadyExists } from "../../shared/errors.ts";
import { defineResource } from "../../shared/http/resource.ts";
import { type Organization, organizationItem, PLATFORM, slugItem } from "../../shared/identity/items.ts";
import { idSchema } from "../../shared/ids.ts";
import { termWrites } from "./finding/store.ts";

/** Only the active organization can be read, and has been, with the caller's rights; any other id is unknown. */
export const organizationResource = defineResource({
  type: "organization",
  path: ["organization_id"],
  async read({ table, path, caller, fresh }): Promise<Organization | undefined> {
    if (path.organization_id !== caller.organization.id) return undefined;
    return fresh ? table.get(organizationItem, {}) : caller.organization;
  },
});

export const founderItem = defineItem({
  type: "founder",
  summary: "How many organizations a user has founded, against what one user may.",
  schema: z.object({ user_id: idSchema("user"), organizations: z.int() }),
  key: { pk: "FOUNDER#{user_id}", sk: "FOUNDER" },
});

/** A slug that was given up leads nobody to a stranger for so long; its own organization may take it back. */
const SLUG_RESERVED_SECONDS = 30 * 86_400;

export const slugReservedUntil = (at: Date): string => timestamp(addSeconds(at, SLUG_RESERVED_SECONDS));

/**
 * The writes that replace an organization as it was read; another slug is exchanged, and what operators find it by follows,
 * in the same transaction.
 */
export function replaceOrganization(table: Table, read: Organization, next: Organization, at: Date): Write[] {
  const { writes } = table.of(PLATFORM);
  const slug = (value: string) => ({ slug: value, organization_id: read.id });
  return [
    table.of(read.id).writes.replace(organizationItem, next, read.etag, sameRules(read)),
    ...termWrites(table, read, next),
    ...(read.slug === next.slug
      ? []
      : [
          writes.put(slugItem, slug(next.slug), freeFor(read.id, at), () =>
            alreadyExists("slug", "This slug is taken. Choose another."),
          ),
          writes.put(
            slugItem,
            { ...slug(read.slug), reserved_until: slugReservedUntil(at) },
            { equals: { organization_id: read.id } },
          ),
        ]),
  ];
}

/** A slug that nobody has, that was reserved for long enough, or that was the organization's own. */
const freeFor = (organization_id: string, at: Date): Condition => ({
  any: [{ exists: false }, { below: { reserved_until: timestamp(at) } }, { equals: { organization_id } }],
});
