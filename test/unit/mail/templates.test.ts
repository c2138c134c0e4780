import { globSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { mailLanguage, mailLanguages, type Template } from "../../../shared/mail/template.ts";

it.each([
  [["de"], "de"],
  [["de-AT"], "de"],
  [["DE"], "de"],
  [["fr", "de-CH"], "de"],
  [[null, undefined, "en-GB"], "en"],
  [["fr"], "en"],
  [["deutsch"], "en"],
  [[], "en"],
] as const)("the language of the wishes %j is %s", (wishes, language) => {
  expect(mailLanguage(...wishes)).toBe(language);
});

/** Whatever a mail may be about: each fact is a sign that stands for nothing else. */
const about = new Proxy(
  {},
  {
    get: (_, key) =>
      key === "app_url"
        ? "https://app.example"
        : key === "reason"
          ? "gone"
          : key === "message"
            ? "Hi"
            : fact(String(key)),
  },
);
const fact = (name: string) =>
  new Proxy(
    { toString: () => `«${name}»` },
    { get: (own, key) => (typeof key === "symbol" || key in own ? Reflect.get(own, key) : `«${name}.${key}»`) },
  );

/** What a mail must say in every language: facts, links and operations. */
const facts = (template: Template<never>, language: (typeof mailLanguages)[number]): string[] => {
  const { subject, lines } = template[language](about as never);
  const text = [subject, ...lines].map(String).join("\n");
  return (text.match(/«[^»]+»|https:\/\/\S+|(?:GET|POST|PATCH|PUT|DELETE) \/api\S+/g) ?? []).map((fact) =>
    fact.replace(/[,.:;]+$/, ""),
  );
};

const files = globSync("functions/**/mails.ts");
const templates = (
  await Promise.all(
    files.map(async (file) =>
      Object.entries((await import(pathToFileURL(file).href)) as Record<string, Template<never>>).map(
        ([name, template]) => [`${file} ${name}`, template] as const,
      ),
    ),
  )
).flat();

it("are found", () => {
  expect(templates.length).toBeGreaterThan(15);
});

it.each(templates)("%s says the same facts in every language, and each in its own words", (_, template) => {
  const [first, ...others] = mailLanguages;
  const said = facts(template, first).sort();
  for (const language of others) {
    expect(facts(template, language).sort()).toEqual(said);
    expect(template[language](about as never).subject).not.toBe(template[first](about as never).subject);
  }
});
