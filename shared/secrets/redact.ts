/** Below this a value is too common to be found and hidden. */
const SHORTEST = 6;

/**
 * What must not come back of secret header values: the values, the credential after its scheme (`Bearer abc` is also
 * `abc`), what a Basic credential holds, and each of them as it stands inside a URL or a JSON text.
 */
export function hiddenForms(values: readonly string[]): string[] {
  const plain = values.flatMap((value) => {
    const [scheme = "", ...rest] = value.split(" ");
    const basic = scheme.toLowerCase() === "basic" ? Buffer.from(rest.join(" "), "base64").toString("utf8") : "";
    return [value, ...rest, basic, basic.slice(basic.indexOf(":") + 1)];
  });
  const forms = plain.flatMap((value) => [
    value,
    encodeURIComponent(value.toWellFormed()),
    JSON.stringify(value).slice(1, -1),
  ]);
  // Longer ones first: a part that is replaced before its whole would leave the rest behind.
  return [...new Set(forms)].filter((form) => form.length >= SHORTEST).sort((a, b) => b.length - a.length);
}

/** Takes stored secrets out of whatever comes back from outside: an echo must not carry them on. */
export function redact<T>(value: T, hidden: readonly string[]): T {
  if (hidden.length === 0) return value;
  const clean = (part: unknown): unknown => {
    if (typeof part === "string") return hidden.reduce((text, secret) => text.replaceAll(secret, "[redacted]"), part);
    if (typeof part === "number") return hidden.includes(String(part)) ? "[redacted]" : part;
    if (Array.isArray(part)) return part.map(clean);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, member]) => [clean(key), clean(member)]));
  };
  return clean(value) as T;
}
