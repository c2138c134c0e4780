import { inject } from "vitest";

export { type Employee, startProvider, type TestProvider } from "./company-provider.ts";

/** The pool's own page, to which providers send people back. */
export const poolPage = (): string =>
  `${inject("stack").endpoint.replace("127.0.0.1", "localhost")}/oauth2/idpresponse`;
