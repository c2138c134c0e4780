/** What an address said when it was opened. */
export interface Arrival {
  readonly path: string;
  /** Behind `#`: what a mail's link brings. Browsers send it to nobody. */
  readonly fragment: URLSearchParams;
  /** Behind `?`: what a sign-in comes back with. */
  readonly query: URLSearchParams;
}

/** Reads the address and takes away from it what is secret: whoever goes back, or keeps the page, finds none of it. */
export function arrive(): Arrival {
  const { pathname: path, hash, search } = location;
  if (hash !== "" || search !== "") history.replaceState(null, "", path);
  return { path, fragment: new URLSearchParams(hash.slice(1)), query: new URLSearchParams(search) };
}
