import * as z from "zod";
import { parseEnvironment } from "../../shared/config/env.ts";

const settings = z.object({
  /** JSON object: origin of a group's streaming operations by group. */
  STREAM_URLS: z
    .string()
    .default("{}")
    .transform((text): unknown => JSON.parse(text))
    .pipe(z.record(z.string(), z.url())),
});

export interface ApiDeps {
  readonly stream_urls: Readonly<Record<string, string>>;
}

export const apiDeps = (): ApiDeps => ({ stream_urls: parseEnvironment(settings).STREAM_URLS });
