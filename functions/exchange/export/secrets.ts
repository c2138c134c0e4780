type Shown = Readonly<Record<string, unknown>>;

/** Where secrets of shown things stand, by names. */
export function secretsIn(value: unknown, path: string): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    const named = Array.isArray(value) ? ((member as Shown | null)?.id ?? (member as Shown | null)?.name ?? key) : key;
    const at = `${path}.${named}`;
    if (key === "secret_headers") return Object.keys((member ?? {}) as object).map((name) => `${at}.${name}`);
    return secretsIn(member, at);
  });
}
