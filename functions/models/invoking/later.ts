import type { createModelInvoker, ModelInvoker } from "../calls/invoke.ts";

/** An invoker that is loaded with its first call: of a function of which most calls ask no model. */
export function laterInvoker(parts: Parameters<typeof createModelInvoker>[0]): ModelInvoker {
  let loading: Promise<ModelInvoker> | undefined;
  const loaded = () => {
    loading ??= import("../calls/invoke.ts").then(({ createModelInvoker }) => createModelInvoker(parts));
    return loading;
  };
  return {
    generate: async (request) => (await loaded()).generate(request),
    async *stream(request) {
      yield* (await loaded()).stream(request);
    },
    embed: async (request) => (await loaded()).embed(request),
    stands_in: parts.through !== undefined,
  };
}
