import { defineRoom } from "../../shared/room.ts";

/** What work has used: the ledger of metered facts that quotas, budgets and billing read. */
export const room = defineRoom({
  name: "usage",
  area: "run",
  functions: {
    /** Takes over what the data plane has used. */
    served: {
      trigger: { kind: "served", types: ["usage.recorded"], suspended: "goes_on" },
      needs: [],
      writes: ["usage_counter", "usage_record"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
  },
});
