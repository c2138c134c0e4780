import { exampleOf } from "./example.ts";
import { type JsonObject, maybe } from "./json.ts";
import { typicalTexts } from "./typical.ts";

type Objects = Readonly<Record<string, JsonObject>>;

/** The document with an example at each body that is sent, answered, or sent to an address of the caller's. */
export function withExamples(document: JsonObject): JsonObject {
  const { schemas } = document.components as Objects;
  return { ...document, paths: shownPaths(document.paths as JsonObject, schemas as JsonObject) };
}

function shownPaths(paths: JsonObject, schemas: JsonObject): JsonObject {
  const each = (objects: JsonObject, change: (one: JsonObject, name: string) => JsonObject): JsonObject =>
    Object.fromEntries(Object.entries(objects as Objects).map(([name, one]) => [name, change(one, name)]));

  const shown = (body: JsonObject, id: string): JsonObject => {
    if (body.content === undefined) return body;
    const content = each(body.content as JsonObject, (media, type) => {
      const text = typicalTexts[`${id} ${type}`];
      // A text is a file, whatever is in it.
      if ((media.schema as JsonObject).type === "string")
        return { ...media, ...maybe(text !== undefined, { example: text ?? "" }) };
      return { ...media, example: exampleOf(media.schema as JsonObject, schemas) };
    });
    return { ...body, content };
  };

  const operationShown = (operation: JsonObject): JsonObject => {
    const { operationId, requestBody, responses, callbacks } = operation as Objects;
    const id = String(operationId);
    return {
      ...operation,
      ...maybe(requestBody !== undefined, { requestBody: shown(requestBody ?? {}, id) }),
      responses: each(responses ?? {}, (one) => shown(one, id)),
      ...maybe(callbacks !== undefined, {
        callbacks: each(callbacks ?? {}, (callback) => shownPaths(callback, schemas)),
      }),
    };
  };

  return each(paths, (methods) => each(methods, operationShown));
}
