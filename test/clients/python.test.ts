import { beforeAll, expect, it } from "vitest";
import { testTools } from "../../local/test-tools.ts";
import { openapiPythonClient } from "./support/generators.ts";

beforeAll(() => testTools.ensureInstalled(console.log));

it("a Python client of openapi-python-client compiles, imports, reads answers and writes a union", async () => {
  await expect(openapiPythonClient.make()).resolves.toBeUndefined();
});
