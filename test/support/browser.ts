/** Answers a page that a browser opens. */
export type Serve = (url: URL, headers: Record<string, string>) => Promise<Response>;

const plain = (text: string): string => text.replaceAll("&lt;", "<").replaceAll("&quot;", '"').replaceAll("&amp;", "&");

/**
 * As much of a browser as redirects need: it follows them and keeps cookies by origin. Pages of the product are asked of
 * `serve` where it is given, others over the network.
 */
export class RedirectBrowser {
  readonly #cookies = new Map<string, Map<string, string>>();
  readonly #serve: Serve | undefined;
  /** All addresses that were opened. */
  readonly opened: string[] = [];

  constructor(serve?: Serve) {
    this.#serve = serve;
  }

  /** The cookies that are sent to an origin, as a header. */
  cookies(origin: string): string {
    return [...(this.#cookies.get(origin) ?? [])].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  /**
   * Opens one address.
   * @param form is posted there, where it is given
   * @returns where it leads, or the page
   */
  async open(
    address: string,
    form?: URLSearchParams,
  ): Promise<{ readonly next: string | undefined; readonly answer: Response }> {
    const url = new URL(address);
    this.opened.push(address);
    const cookie = this.cookies(url.origin);
    const headers = cookie === "" ? {} : { cookie };
    const ours = this.#serve !== undefined && url.pathname.startsWith("/api/v1/");
    const answer = await (ours
      ? this.#serve?.(url, headers)
      : fetch(url, { headers, redirect: "manual", ...(form === undefined ? {} : { method: "POST", body: form }) }));
    if (answer === undefined) throw new Error("nobody serves this page");
    const jar = this.#cookies.get(url.origin) ?? new Map<string, string>();
    for (const set of answer.headers.getSetCookie()) {
      const [pair = "", ...rest] = set.split(";");
      const [name = "", ...value] = pair.split("=");
      if (rest.some((part) => part.trim().toLowerCase() === "max-age=0")) jar.delete(name);
      else jar.set(name, value.join("="));
    }
    this.#cookies.set(url.origin, jar);
    const location = answer.headers.get("location");
    return { next: location === null ? undefined : new URL(location, url).href, answer };
  }

  /**
   * Follows redirects, and forms that a script would send at once, until a page, or an address that begins with `until`,
   * which is not opened.
   */
  async follow(address: string, until: string): Promise<string> {
    let at = address;
    let form: URLSearchParams | undefined;
    for (let steps = 0; steps < 20; steps++) {
      if (at.startsWith(until)) return at;
      const { next, answer } = await this.open(at, form);
      form = undefined;
      if (next !== undefined) {
        at = next;
        continue;
      }
      const html = await answer.text();
      if (answer.status >= 400) throw new Error(`${at}: ${answer.status} ${html}`);
      const [, action] = /<form method="post" action="([^"]*)">/.exec(html) ?? [];
      if (action === undefined) return at;
      at = new URL(plain(action), at).href;
      form = new URLSearchParams();
      for (const [, name = "", value = ""] of html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g))
        form.set(name, plain(value));
    }
    throw new Error(`no end of redirects from ${address}`);
  }
}
