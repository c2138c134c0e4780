import * as z from "zod";

/** What is made when it is first asked for, and once. */
export function later<T>(make: () => T): () => T {
  let made: { readonly it: T } | undefined;
  return () => {
    made ??= { it: make() };
    return made.it;
  };
}

/** A schema that is made when something is first parsed with it: one that is large or seldom needed costs a cold start nothing. */
export const laterSchema = <S extends z.ZodType>(make: () => S): z.ZodLazy<S> => z.lazy(later(make));
