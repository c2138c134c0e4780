import { Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import type { ExchangeDeps } from "../deps.ts";
import { carriedIn } from "../import/carry.ts";
import type { templateOperations } from "./operations.ts";
import { templateNamed, templatesLike } from "./rules/gallery.ts";

type Ops = typeof templateOperations;

export const listTemplates: Handler<Ops["listTemplates"], ExchangeDeps> = async ({ query }) => ({
  items: await templatesLike(query),
  next_cursor: null,
});

export const getTemplate: Handler<Ops["getTemplate"], ExchangeDeps> = async ({ path }) =>
  templateNamed(path.template_id);

/** An import of the template's document that never changes what is here already. */
export const useTemplate: Handler<Ops["useTemplate"], ExchangeDeps> = async (call, deps) => {
  const { id, version, type, document } = await call.load();
  const { version: seen = version, ...options } = call.body;
  if (seen !== version)
    throw new Problem("conflict", `The template is at version ${version} now. Look at it again, then use that one.`, {
      members: { version },
    });
  return carriedIn(call, deps, { ...options, on_conflict: "rename", document }, (done) => ({
    ...done,
    template: { id, version },
    // Where what was made is found: its pipeline, else its agent.
    collection: `${type}s`,
    id: done.items.find((item) => item.type === type)?.id,
  }));
};
