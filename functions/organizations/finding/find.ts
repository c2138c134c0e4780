import type { IndexName } from "../../../shared/dynamo/item.ts";
import type { Page, Table } from "../../../shared/dynamo/table.ts";
import { filled, isFirstMatch, termOf } from "../../../shared/finding.ts";
import { type Organization, PLATFORM } from "../../../shared/identity/items.ts";
import type { OrganizationEntry } from "../model.ts";
import { organizationTermItem } from "./store.ts";

export interface OrganizationQuery {
  /** The beginning of a name or of a slug. */
  readonly search?: string | undefined;
  readonly status?: Organization["status"] | undefined;
  readonly plan?: Organization["plan"] | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/**
 * A page of all organizations, in the order of what they are found by. Each combination of filters is a partition of its
 * own, so a page reads what it shows, at most twice as much: an organization stands under its name and its slug.
 */
export function findOrganizations(table: Table, query: OrganizationQuery): Promise<Page<OrganizationEntry>> {
  const { search = "", status, plan, limit, cursor } = query;
  const begins = termOf(search);
  const index: IndexName | undefined =
    status === undefined ? (plan === undefined ? undefined : "gsi2") : plan === undefined ? "gsi1" : "gsi3";
  const request = {
    of: { ...(status === undefined ? {} : { status }), ...(plan === undefined ? {} : { plan }) },
    ...(index === undefined ? {} : { index }),
    ...(begins === "" ? {} : { begins }),
    limit,
    cursor,
  };
  return filled(table.of(PLATFORM), organizationTermItem, request, async (found) =>
    found
      .filter(({ term, terms }) => isFirstMatch(term, terms, begins))
      .map(({ organization_id: id, ...entry }) => ({ id, ...entry })),
  );
}
