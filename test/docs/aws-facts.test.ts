import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const rows = readFileSync(join(root, "docs/aws-facts.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !/^\| (Fact|---) /.test(line))
  .map((line) => line.split(" | ").map((cell) => cell.replaceAll(/^\| | \|$/g, "")));

describe("facts of AWS", () => {
  it("are there", () => expect(rows.length).toBeGreaterThan(10));

  it.each(rows)("%s", (_fact, document = "", follows, held = "", ...more) => {
    expect(more).toEqual([]);
    // The name of a guide or reference, and the title of its page.
    expect(document).toMatch(/^(Amazon|AWS) .+ (Guide|Reference), .+/);
    expect(follows).toMatch(/\.$/);
    const [, file = "", title = ""] = /^(test\/[\w./-]+\.test\.ts): "(.+)"$/.exec(held) ?? [];
    expect(existsSync(join(root, file)), held).toBe(true);
    expect(readFileSync(join(root, file), "utf8"), `${file} has no test "${title}"`).toContain(`"${title}"`);
  });
});
