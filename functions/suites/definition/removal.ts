import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { notFound } from "../../../shared/errors.ts";
import { giveQuota } from "../../../shared/limits/quota.ts";
import type { Suite } from "../model.ts";
import { suiteItem } from "../store.ts";

/** The writes by which a suite is gone. @throws Problem when committed, where it is not as it was read */
export const suiteRemoval = (own: TenantTable, { id, etag }: Suite): Write[] => [
  own.writes.remove(suiteItem, { id }, { equals: { etag } }, (old) => (old === undefined ? notFound() : lostRace())),
  giveQuota(own, "suites"),
];
