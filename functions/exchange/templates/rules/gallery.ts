import * as z from "zod";
import { notFound } from "../../../../shared/errors.ts";
import { type Template, type TemplateSummary, templateSchema } from "../model.ts";

let read: Promise<readonly Template[]> | undefined;

/** Every template, by id: written from `library/` by `npm run docs`, read when it is first asked for. */
const templates = (): Promise<readonly Template[]> => {
  read ??= import("./lazy/library.ts").then(({ library }) => z.array(templateSchema).parse(library));
  return read;
};

export const templateOf = async (id: string): Promise<Template | undefined> =>
  (await templates()).find((template) => template.id === id);

/** @throws Problem `not_found` */
export async function templateNamed(id: string): Promise<Template> {
  const found = await templateOf(id);
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
export async function templatesLike(filter: TemplateFilter): Promise<TemplateSummary[]> {
  const { type, pattern, tag, search = "" } = filter;
  const wanted = folded(search).split(/\s+/).filter(Boolean);
  return (await templates()).filter((template) => {
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
