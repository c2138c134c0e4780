import { apiKeyUsageItem } from "../../../shared/access/keys/items.ts";
import type { Handler } from "../../../shared/http/call.ts";
import type { ApiKeysDeps } from "../deps.ts";
import type { usageOperations } from "./operations.ts";
import { usageOf } from "./rules/counts.ts";
import { daysOf } from "./rules/range.ts";

type Ops = typeof usageOperations;

export const usage: Handler<Ops["usage"], ApiKeysDeps> = async (call, { table }) => {
  const { id: api_key_id } = await call.load();
  const { limit, cursor, ...days } = call.query;
  const range = daysOf(days, call.at);
  const page = await table
    .of(call.context.tenant)
    .page(apiKeyUsageItem, { of: { api_key_id }, ...range, limit, cursor });
  return { ...page, items: page.items.map(usageOf) };
};
