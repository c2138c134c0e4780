import { globSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { allOperations } from "../../../functions/operations.ts";
import { fullPath } from "../../../shared/http/operation.ts";

const pages = allOperations
  .filter(({ operation }) => operation.root)
  .map(({ operation }) => fullPath(operation).replaceAll(/\{\w+\}/g, "{}"));
const sources = globSync("functions/**/mails.ts").map((file) => readFileSync(file, "utf8"));
const links = new Set(
  sources.flatMap((text) => [...text.matchAll(/app_url\}(\/[^\s`,]*)/g)].map(([, link = ""]) => link)),
);

it("mails have links", () => {
  expect(links.size).toBeGreaterThan(6);
});

it.each([...links])("%s leads to a page, and what it brings stands behind #", (link) => {
  const [path = "", brought] = link.split("#");
  expect(pages).toContain(path.replaceAll(/\$\{[^}]*\}/g, "{}"));
  expect(path).not.toContain("?");
  expect(brought).toMatch(/^(token|organization_id)=\$\{/);
});
