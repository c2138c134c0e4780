import { cutText } from "../../../../shared/text.ts";

/** Cohere takes no text of more than 2,048 characters; what is longer says less of what is asked, not more. */
const QUERY_CHARACTERS = 2_000;

/** What a message is searched by: of a long one its beginning and its end, where questions stand. Pure. */
export function queryOf(message: string): string {
  if (message.length <= QUERY_CHARACTERS) return message;
  const half = QUERY_CHARACTERS / 2;
  return `${cutText(message, half - 1)}\n${message.slice(-half).toWellFormed()}`;
}
