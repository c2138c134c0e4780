/**
 * Whether an app's address is one that this deployment trusts with a code: of its own origin, or of one whose pages may call
 * it. Without fragment and credentials, so that what is compared is what the browser opens.
 * @param origins `https://studio.example.com`, …
 */
export function isTrusted(redirect_uri: string, origins: readonly string[]): boolean {
  // Browsers take a backslash for a slash and drop controls: neither stands in an address that was meant.
  if (/[\\\p{Cc}\s]/u.test(redirect_uri)) return false;
  const url = URL.parse(redirect_uri);
  return (
    url !== null &&
    origins.includes(url.origin) &&
    url.username === "" &&
    url.password === "" &&
    !redirect_uri.includes("#")
  );
}

/** The app's address with these parameters added to its own. */
export function withParameters(redirect_uri: string, parameters: Readonly<Record<string, string>>): string {
  const url = new URL(redirect_uri);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}
