import * as z from "zod";
import { notFound } from "../../../../shared/errors.ts";
import { type Template, type TemplateSummary, templateSchema } from "../model.ts";
import library from "./library.json" with { type: "json" };

let read: readonly Template[] | undefined;

/** Every template, by id: written from `library/` by `npm run docs`, read when it is first asked for. */
const templates = (): readonly Template[] => {
  read ??= z.array(templateSchema).parse(library);
  return read;
};

export const templateOf = (id: string): Template | undefined => templates().find((template) => template.id === id);

/** @throws Problem `not_found` */
export function templateNamed(id: string): Template {
  const found = templateOf(id);
  if (found === undefined)
    throw notFound(`There is no template ${JSON.stringify(id)}. \`GET /templates\` lists what there is.`);
  return found;
}

export interface TemplateFilter {
  readonly type?: Template["type"] | undefined;
  readonly pattern?: string | undefined;
  readonly tag?: string | undefined;
  readonly search?: string | undefined;
}

const folded = (text: string): string => text.toLowerCase();

/** The templates that a filter lets through: every word that is searched for begins a word of what is said of it. */
export function templatesLike({ type, pattern, tag, search = "" }: TemplateFilter): TemplateSummary[] {
  const wanted = folded(search).split(/\s+/).filter(Boolean);
  return templates().filter((template) => {
    const words = folded([template.id, template.title, template.summary, ...template.tags].join(" ")).split(
      /[^\p{L}\p{N}]+/u,
    );
    return (
      (type === undefined || template.type === type) &&
      (pattern === undefined || template.patterns.includes(pattern)) &&
      (tag === undefined || template.tags.some((one) => folded(one) === folded(tag))) &&
      wanted.every((start) => words.some((word) => word.startsWith(start)))
    );
  });
}
