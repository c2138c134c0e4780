/**
 * Stands for a secret that somebody has still to supply: what leaves an organization holds none. It is kept like any
 * secret, so its name stays, and whoever is called with it refuses.
 */
export const TO_SUPPLY = "to be supplied";

/** Secret values by name as they are parsed: one that is null, as exports have them, is to be supplied. */
export const secretsNamed = (values: unknown): unknown =>
  typeof values === "object" && values !== null && !Array.isArray(values)
    ? Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value ?? TO_SUPPLY]))
    : values;
