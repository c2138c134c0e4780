import type { Template } from "../../functions/exchange/templates/model.ts";
import { code, generated, table } from "./markdown.ts";

/** docs/templates.md: the gallery, with the graphs drawn. */
export function renderTemplates(templates: readonly Template[]): string {
  const of = (type: Template["type"]) => templates.filter((one) => one.type === type);
  const rows = (list: readonly Template[]) =>
    table(
      ["Template", "What it does", "Tags"],
      list.map(({ id, title, summary, tags }) => [`${title}<br/>${code(id)}`, summary, tags.join(", ")]),
    );
  const drawn = of("pipeline").flatMap(({ title, setup, drawings }) => [
    `### ${title}`,
    "",
    ...setup.map((step) => `- ${step}`),
    ...(setup.length === 0 ? [] : [""]),
    ...drawings.flatMap(({ mermaid }) => ["```mermaid", mermaid.trimEnd(), "```", ""]),
  ]);
  return [
    generated("`functions/exchange/templates/library`"),
    "# Templates",
    "",
    "Agents and pipelines that come with the product. `GET /templates` lists them, `GET /templates/{id}` shows all that one makes,",
    "and `POST /templates/{id}/use` makes it yours: drafts, to be changed like everything that you have made yourself. Give `model_id`",
    "to use a model of yours for all agents, and `dry_run` to see first what would be made. Each is a document as `POST /imports` takes it.",
    "",
    "## Agents",
    "",
    rows(of("agent")),
    "",
    "## Pipelines",
    "",
    rows(of("pipeline")),
    "",
    ...drawn,
  ].join("\n");
}
