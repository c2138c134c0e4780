import type { Asking } from "../../../shared/http/permit.ts";

/** The permission to read prompts: what a company tells its models is its own know-how, not every reader's. */
export const READ_PROMPTS = "agents:read_prompts";

/** A prompt as this caller sees it: null without {@link READ_PROMPTS}. */
export const promptFor = ({ may }: Pick<Asking<typeof READ_PROMPTS>, "may">, prompt: string): string | null =>
  may(READ_PROMPTS) ? prompt : null;
