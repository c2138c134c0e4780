import { beforeAll, describe, expect, it } from "vitest";
import { npmTools } from "../../local/test-tools.ts";
import { heyApi, openapiTypescript } from "./support/generators.ts";

beforeAll(() => npmTools.ensureInstalled(console.log));

describe("a TypeScript client", () => {
  it("of @hey-api/openapi-ts compiles with a program that creates, lists, sends a union and tells errors apart", async () => {
    await expect(heyApi.make()).resolves.toBeUndefined();
  });

  it("of openapi-typescript compiles with the same program", async () => {
    await expect(openapiTypescript.make()).resolves.toBeUndefined();
  });
});
