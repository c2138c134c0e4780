/** What a test wants to happen, written into the user's message as `[[name:value]]`. */
export interface Directives {
  /** Answer with this HTTP status; only the first `times` requests with this same message, when given. */
  fail?: { status: number; retryAfterSeconds?: number; times?: number };
  /** Wait before the first byte. */
  delayMs?: number;
  /** Wait between two pieces of a stream. */
  paceMs?: number;
  /** Never answer. */
  hang: boolean;
  /** Drop the connection in the middle of the answer. */
  cut: boolean;
  /** Answer with exactly this text. With `[[when:words => text]]` so where the message has those words; the last counts. */
  say?: string;
  /** Report these counts in place of the counted ones. */
  tokens?: { in?: number; out?: number };
}

const pattern = /\[\[(fail|delay|pace|hang|cut|say|when|tokens)(?::([\s\S]*?))?\]\]/g;

/** Splits a user's message into its directives and what a model would read. */
export function parseDirectives(message: string): { text: string; directives: Directives } {
  const directives: Directives = { hang: false, cut: false };
  const text = message.replace(pattern, "").trim();
  for (const [, name, value = ""] of message.matchAll(pattern)) apply(directives, name, value, text);
  return { text, directives };
}

function apply(directives: Directives, name: string | undefined, value: string, text: string): void {
  switch (name) {
    case "fail": {
      const retryAfterSeconds = setting(value, "retry-after");
      const times = setting(value, "times");
      directives.fail = {
        status: Number.parseInt(value, 10) || 500,
        ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
        ...(times === undefined ? {} : { times }),
      };
      return;
    }
    case "delay":
      directives.delayMs = Number.parseInt(value, 10) || 0;
      return;
    case "pace":
      directives.paceMs = Number.parseInt(value, 10) || 0;
      return;
    case "say":
      directives.say = value;
      return;
    case "when": {
      const [words = "", ...rest] = value.split(" => ");
      if (text.includes(words)) directives.say = rest.join(" => ");
      return;
    }
    case "tokens": {
      const tokensIn = setting(value, "in");
      const tokensOut = setting(value, "out");
      directives.tokens = {
        ...(tokensIn === undefined ? {} : { in: tokensIn }),
        ...(tokensOut === undefined ? {} : { out: tokensOut }),
      };
      return;
    }
    case "hang":
      directives.hang = true;
      return;
    case "cut":
      directives.cut = true;
  }
}

/** The number in `key=number` within a directive's value. */
function setting(value: string, key: string): number | undefined {
  const match = new RegExp(`(?:^|[\\s,])${key}=(\\d+)`).exec(value);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}
