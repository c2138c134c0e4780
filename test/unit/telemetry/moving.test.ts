import { describe, expect, it } from "vitest";
import { movingIssues } from "../../../functions/telemetry/rules/moving.ts";

const endpoint = "https://collector.example.com/v1/traces";
const headers = [{ name: "api-key" }, { name: "x-scope" }];

describe("headers that are kept", () => {
  it("stay at the host that they were given for, on whatever path", () => {
    expect(movingIssues({ endpoint, headers }, "https://collector.example.com/other")).toEqual([]);
    expect(movingIssues({ endpoint, headers: [] }, "https://elsewhere.example.com/")).toEqual([]);
  });

  it.each([
    "https://elsewhere.example.com/v1/traces",
    "http://collector.example.com/v1/traces",
    "https://collector.example.com:8443/v1/traces",
  ])("do not follow to %s", (to) => {
    expect(movingIssues({ endpoint, headers }, to)).toMatchObject([
      { path: "headers.api-key" },
      { path: "headers.x-scope" },
    ]);
  });
});
