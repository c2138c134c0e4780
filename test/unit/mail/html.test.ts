import fc from "fast-check";
import { expect, it } from "vitest";
import { htmlOf } from "../../../shared/mail/html.ts";

const body = (lines: string[]) => htmlOf("s", lines, "en").split('padding:0 1em">\n')[1]?.split("\n</div>")[0] ?? "";
const TOKEN = `org_${"A".repeat(26)}.${"b".repeat(43)}`;

it("mails show paragraphs, links that can be followed and tokens that can be copied", () => {
  expect(body(["One", "two.", "", "Open https://x.example/a?b=1&c=2 within a day,", "", TOKEN, "", ""])).toBe(
    [
      "<p>One<br>\ntwo.</p>",
      '<p>Open <a href="https://x.example/a?b=1&amp;c=2" style="word-break:break-all">https://x.example/a?b=1&amp;c=2</a> within a day,</p>',
      `<p><code style="word-break:break-all">${TOKEN}</code></p>`,
    ].join("\n"),
  );
});

it.each([
  ["See https://x.example.", "https://x.example"],
  ["(https://x.example/a)", "https://x.example/a"],
  ["https://x.example/a,", "https://x.example/a"],
])("a link ends before what ends its sentence: %s", (line, address) => {
  expect(body([line])).toContain(`href="${address}"`);
});

it("nothing that people wrote is markup, whatever it is", () => {
  expect(body(['> <img src=x onerror="alert(1)"> & https://x.example/"onmouseover=a'])).not.toMatch(
    /<img|"onmouseover/,
  );
  const ours = /<\/?(?:p|br|code|a)(?: (?:href|style)="[^"<>]*")*>/g;
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme" })), (lines) => {
      expect(body(lines).replaceAll(ours, "")).not.toMatch(/[<>"']/);
    }),
  );
});
