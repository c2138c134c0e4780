import { apiFunction, defineRoom } from "../../shared/room.ts";

/** Which language models there are, what they cost, and the organization's own keys for them. */
export const room = defineRoom({
  name: "models",
  area: "build",
  functions: {
    api: apiFunction(["table_read", "seal:model_keys", "outbound"], {
      writes: ["model_circuit", "model_provider", "quota"],
      touches: ["organization.open_circuits"],
    }),
  },
});
