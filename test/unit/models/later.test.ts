import { expect, it } from "vitest";
import { createModelInvoker } from "../../../functions/models/calls/invoke.ts";
import { laterInvoker } from "../../../functions/models/invoking/later.ts";

const parts = { outbound: { fetch }, bedrock: { region: "eu-west-1", endpoint: undefined } };

it("an invoker that is loaded later is one, and says as well whether something stands in for providers", () => {
  for (const through of [undefined, () => fetch]) {
    const [later, now] = [laterInvoker({ ...parts, through }), createModelInvoker({ ...parts, through })];
    expect(Object.keys(later).sort()).toEqual(Object.keys(now).sort());
    expect(later.stands_in).toBe(now.stands_in);
  }
});
