import { Problem } from "../errors.ts";

/** A caller learns nothing from the reason why a credential was refused. */
export const unauthenticated = (cause?: unknown): Problem =>
  new Problem("unauthenticated", "The request has no valid credential.", {
    headers: { "www-authenticate": "Bearer" },
    ...(cause === undefined ? {} : { cause }),
  });
