/** What can be asked of the data plane. */
export type Route =
  | { readonly name: "health" }
  | { readonly name: "invoke"; readonly ref: string }
  | { readonly name: "chat" }
  | { readonly name: "models" }
  | { readonly name: "model"; readonly ref: string };

/** How the channel's clients read a refusal. */
export type Manner = "problem" | "openai";

const ways: readonly {
  readonly method: "GET" | "POST";
  readonly path: RegExp;
  readonly manner: Manner;
  readonly route: (ref: string) => Route;
}[] = [
  { method: "GET", path: /^\/v1\/health$/, manner: "problem", route: () => ({ name: "health" }) },
  { method: "POST", path: /^\/v1\/chat\/completions$/, manner: "openai", route: () => ({ name: "chat" }) },
  { method: "GET", path: /^\/v1\/models$/, manner: "openai", route: () => ({ name: "models" }) },
  { method: "GET", path: /^\/v1\/models\/([\w-]+)$/, manner: "openai", route: (ref) => ({ name: "model", ref }) },
  { method: "POST", path: /^\/v1\/([\w-]+)\/invoke$/, manner: "problem", route: (ref) => ({ name: "invoke", ref }) },
];

export interface Found {
  readonly manner: Manner;
  /** Undefined where the path takes no such method, or nothing is there. */
  readonly route: Route | undefined;
  /** The methods that the path takes. */
  readonly allow: readonly string[];
}

/** What a method and a path ask for. */
export function find(method: string, path: string): Found {
  const fitting = ways.flatMap((way) => {
    const match = way.path.exec(path);
    return match === null ? [] : [{ ...way, ref: match[1] ?? "" }];
  });
  const way = fitting.find((one) => one.method === method);
  return {
    manner: (way ?? fitting[0])?.manner ?? "problem",
    route: way?.route(way.ref),
    allow: fitting.map((one) => one.method),
  };
}
