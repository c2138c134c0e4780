/** What other rooms may use of usage. */
export {
  monthUsage,
  type Usage,
  type UsageRecord,
  type UsageSource,
  type UsageTotals,
  usageCounterItem,
  usageItem,
  usageWrites,
} from "./store.ts";
export { admitTokens } from "./tokens/admit.ts";
