import * as z from "zod";
import { defineItem, type ItemOf } from "../../../shared/dynamo/item.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { termsOf } from "../../../shared/finding.ts";
import { type Organization, PLATFORM } from "../../../shared/identity/items.ts";
import { idSchema } from "../../../shared/ids.ts";
import { organizationEntry } from "../model.ts";

const SORTED = "{term}#{organization_id}";

/**
 * One beginning by which operators find an organization, with all that a list of them shows. It is written in the
 * transactions that found an organization, rename it, move it or change its plan, each of them rare: a partition takes some
 * 200 of these a second (docs/adr/0045).
 */
export const organizationTermItem = defineItem({
  type: "organization_term",
  summary: "A beginning of an organization's name or its slug, by which operators find it over all organizations.",
  schema: organizationEntry.omit({ id: true }).extend({
    organization_id: idSchema("organization"),
    term: z.string(),
    /** All terms of the organization, sorted. */
    terms: z.array(z.string()),
  }),
  key: { pk: "ORGANIZATION_TERMS", sk: SORTED },
  indexes: {
    gsi1: { pk: "ORGANIZATIONS_BY_STATUS#{status}", sk: SORTED },
    gsi2: { pk: "ORGANIZATIONS_BY_PLAN#{plan}", sk: SORTED },
    gsi3: { pk: "ORGANIZATIONS_BY_STATUS_AND_PLAN#{status}#{plan}", sk: SORTED },
  },
});
export type OrganizationTerm = ItemOf<typeof organizationTermItem>;

/** The items by which an organization is found: one or two. */
function termItems({ id, name, slug, status, plan, created_at }: Organization): OrganizationTerm[] {
  const terms = termsOf([name, slug]);
  return terms.map((term) => ({ organization_id: id, name, slug, status, plan, created_at, term, terms }));
}

/**
 * The writes that keep what an organization is found by in step with it; none where nothing of it changes. They go with
 * the write of the organization itself, whose condition holds for them.
 * @param read as it was; undefined for one that is founded
 */
export function termWrites(table: Table, read: Organization | undefined, next: Organization): Write[] {
  const { writes } = table.of(PLATFORM);
  const before = read === undefined ? [] : termItems(read);
  const after = termItems(next);
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  return [
    ...before
      .filter(({ term }) => !after.some((one) => one.term === term))
      .map((gone) => writes.remove(organizationTermItem, gone, {})),
    ...after.map((one) => writes.put(organizationTermItem, one)),
  ];
}
