import { createParser } from "eventsource-parser";
import { cyan, dim, green, red, short } from "./show.ts";

/** What the API answered. Members are read where the story needs them. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the story looks into answers of many shapes
  readonly body: any;
}

/** One entry of a stream of server-sent events. */
export interface StreamEvent {
  readonly id: string | undefined;
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: the story looks into events of many shapes
  readonly data: any;
}

/** Calls the API as any client would, and shows what goes out and what comes back. */
export class Client {
  token: string | undefined;
  /** The organization to act in, where it is not the user's default. */
  organization: string | undefined;
  calls = 0;
  readonly #base: string;

  /** @param path where the operations stand that it calls */
  constructor(origin: string, path = "/api/v1") {
    this.#base = origin + path;
  }

  /** One call. @throws when the answer has another status than the story expects */
  async call(
    method: string,
    path: string,
    options: { body?: unknown; expect: number; quiet?: boolean },
  ): Promise<Answer> {
    const { body, expect, quiet = false } = options;
    const began = performance.now();
    const response = await fetch(`${this.#base}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...(this.organization === undefined ? {} : { "organization-id": this.organization }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = (response.headers.get("content-type") ?? "").includes("json") && text !== "";
    const answer = { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : undefined };
    const right = answer.status === expect;
    this.calls++;
    if (!quiet || !right) {
      console.log(`   ${cyan(method)} ${path}${body === undefined ? "" : ` ${dim(short(body))}`}`);
      const took = dim(`${Math.round(performance.now() - began)} ms`);
      console.log(
        `   ${right ? green(`${answer.status}`) : red(`${answer.status}`)} ${took} ${short(answer.body ?? text)}`,
      );
    }
    if (!right) throw new Error(`${method} ${path} answered ${answer.status}, not ${expect}`);
    return answer;
  }

  get = async (path: string, quiet = false) => (await this.call("GET", path, { expect: 200, quiet })).body;
  post = async (path: string, body: unknown, expect: number, quiet = false) =>
    (await this.call("POST", path, { body, expect, quiet })).body;

  /** Every item of a list, page after page. */
  async all(path: string) {
    const items = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const joint = path.includes("?") ? "&" : "?";
      const page = await this.get(`${path}${joint}limit=100${cursor === "" ? "" : `&cursor=${cursor}`}`, true);
      items.push(...page.items);
      cursor = page.next_cursor;
    }
    return items;
  }

  /** Follows a stream of events until the server ends it. */
  async *stream(path: string): AsyncGenerator<StreamEvent> {
    console.log(`   ${cyan("GET")} ${path} ${dim("(server-sent events)")}`);
    this.calls++;
    const response = await fetch(`${this.#base}${path}`, {
      headers: { accept: "text/event-stream", authorization: `Bearer ${this.token}` },
    });
    if (response.status !== 200 || response.body === null)
      throw new Error(`GET ${path} answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
    const waiting: StreamEvent[] = [];
    const parser = createParser({
      onEvent: ({ id, event, data }) => waiting.push({ id, event: event ?? "message", data: JSON.parse(data) }),
    });
    const text = new TextDecoder();
    for await (const chunk of response.body) {
      parser.feed(text.decode(chunk, { stream: true }));
      yield* waiting.splice(0);
    }
  }
}
