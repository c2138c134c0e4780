import { isObject, type Json, type JsonObject, setOwn } from "../../../shared/expressions/json.ts";

export const MASKED = "[masked]";

/** Names whose values are secrets wherever people write them, as words of a name in any case and spelling. */
const SECRET_WORDS =
  /(?:^|_)(?:pass(?:word|wd|phrase|code)?|pwd|secrets?|token|jwt|bearer|authorization|auth|cookies?|credentials?|(?:api|access|private|signing|encryption|ssh)_keys?|pin|cvv|cvc|otp|iban|ssn)(?:_|$)/;

/** `apiKey`, `API-Key` and `api_key` are one name. */
const words = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9]+/g, "_")
    .toLowerCase();

export const isSecretName = (name: string): boolean => SECRET_WORDS.test(words(name));

/** Texts that are secrets whatever they are called: keys and tokens by the shapes that their issuers give them. */
const SECRET_TEXT =
  /\b(?:sk|pk|rk)[-_](?:live|test|ant|proj)?[-_A-Za-z0-9]{16,}\b|\bgh[pousr]_[A-Za-z0-9]{20,}\b|\bxox[abprs]-[A-Za-z0-9-]{10,}\b|\bAKIA[A-Z0-9]{16}\b|\bey[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+\b|\bBearer\s+[A-Za-z0-9._~+/-]{16,}=*/g;

/** What somebody is shown of a value who decides about it: the value, without what looks like a secret. */
export function masked(value: Json): Json {
  if (typeof value === "string") return value.replace(SECRET_TEXT, MASKED);
  if (Array.isArray(value)) return value.map((one: Json) => masked(one));
  if (!isObject(value)) return value;
  const result: JsonObject = {};
  for (const [name, member] of Object.entries(value)) {
    const hidden = isSecretName(name) && member !== null && typeof member !== "boolean";
    setOwn(result, name, hidden ? MASKED : masked(member as Json));
  }
  return result;
}
