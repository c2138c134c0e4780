import type { Issue } from "../../../shared/errors.ts";

/** What of the setting as it stands decides whether its headers may stay. */
interface Stored {
  readonly endpoint: string;
  readonly headers: readonly { readonly name: string }[];
}

/** What is wrong with keeping stored headers at this address: they hold keys, which must not follow to another host. */
export const movingIssues = ({ endpoint, headers }: Stored, to: string): Issue[] =>
  new URL(endpoint).origin === new URL(to).origin
    ? []
    : headers.map(({ name }) => ({
        path: `headers.${name}`,
        message:
          "must be given again when the address changes, so that a key is sent nowhere unintended; `headers: {}` keeps none",
      }));
