import { parseArgs } from "node:util";
import * as z from "zod";
import { approvalView } from "../functions/approvals/model.ts";

// `npm run approvals -- list | show <id> | approve <id> | reject <id> --comment <why>`: decides as the API does, for whoever the
// token is of, and prints what was asked.

const usage = `KAIZEN_API=<output ApiUrl>/api/v1 KAIZEN_TOKEN=<access token> npm run approvals -- <command>

  list                                what waits for you
  show <id>                           what one is about
  approve <id> [--comment <text>]     lets the step go on
  reject <id> --comment <why>         refuses it

KAIZEN_ORGANIZATION=<id> acts in another of your organizations than your usual one.`;

/** What of an approval is printed. */
const approval = approvalView
  .pick({ id: true, status: true, title: true, message: true, expires_at: true, may_decide: true })
  .extend({ payload: z.unknown().optional() });
const page = z.object({ items: z.array(approval), next_cursor: z.string().nullable() });
const problem = z.object({ detail: z.string().optional(), title: z.string(), remedy: z.string().optional() });

/** The API said no. */
class Refused extends Error {}

interface Settings {
  readonly api: string;
  readonly token: string;
  readonly organization: string | undefined;
}

async function call({ api, token, organization }: Settings, method: string, path: string, body?: object) {
  const answer = await fetch(`${api}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(organization === undefined ? {} : { "organization-id": organization }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text);
  const said = problem.safeParse(parsed(text));
  throw new Refused(
    said.success
      ? [said.data.detail ?? said.data.title, said.data.remedy].filter((line) => line !== undefined).join("\n")
      : `${method} ${path} is answered with ${answer.status}. Is KAIZEN_API the address of the API?`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function waiting(settings: Settings): Promise<string[]> {
  const lines: string[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const more = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const { items, next_cursor }: z.output<typeof page> = page.parse(
      await call(settings, "GET", `/approvals?status=pending&limit=100${more}`),
    );
    for (const one of items)
      if (one.may_decide)
        lines.push(`${one.id}  until ${one.expires_at}  ${oneLine([one.title, one.message ?? ""].join(" "))}`);
    cursor = next_cursor;
  }
  return lines.length === 0 ? ["Nothing waits for you."] : lines;
}

/** Texts of others as they are: what would move the cursor, or turn the direction of writing, is shown as a mark. */
const plain = (text: string): string => text.replaceAll(/(?!\n)[\p{Cc}\p{Cf}]/gu, "\ufffd");

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").trim();

const read = async (settings: Settings, id: string) => approval.parse(await call(settings, "GET", placeOf(id)));

const about = (one: z.output<typeof approval>): string[] => [
  `${one.title} (${one.status})`,
  ...(one.message === null ? [] : [one.message]),
  ...(one.payload == null ? [] : [JSON.stringify(one.payload, null, 2)]),
];

async function shown(settings: Settings, id: string): Promise<string[]> {
  const one = await read(settings, id);
  return [
    ...about(one),
    ...(one.status === "pending" && one.may_decide
      ? [`npm run approvals -- approve ${one.id}, or reject ${one.id} --comment <why>`]
      : []),
  ];
}

async function decided(settings: Settings, verb: "approve" | "reject", id: string, comment: string | undefined) {
  const before = about(await read(settings, id));
  const body = comment === undefined ? {} : { comment };
  const one = approval.parse(await call(settings, "POST", `${placeOf(id)}/${verb}`, body));
  return [...before, "", `${one.title} is ${one.status}.`];
}

const placeOf = (id: string): string => `/approvals/${encodeURIComponent(id)}`;

/** What is to be printed; undefined for what is no command. */
async function main(words: readonly string[], env: NodeJS.ProcessEnv): Promise<string[] | undefined> {
  const { values, positionals } = parseArgs({
    args: [...words],
    options: { comment: { type: "string" } },
    allowPositionals: true,
  });
  const [verb, id, ...others] = positionals;
  const { KAIZEN_API: api, KAIZEN_TOKEN: token, KAIZEN_ORGANIZATION: organization } = env;
  if (!api || !token || others.length > 0) return undefined;
  const settings = { api: api.replace(/\/$/, ""), token, organization };
  if (verb === "list" && id === undefined) return waiting(settings);
  if (id === undefined) return undefined;
  if (verb === "show") return shown(settings, id);
  if (verb === "approve" || (verb === "reject" && values.comment !== undefined))
    return decided(settings, verb, id, values.comment);
  return undefined;
}

try {
  const lines = await main(process.argv.slice(2), process.env);
  if (lines === undefined) {
    console.error(usage);
    process.exitCode = 2;
  }
  for (const line of lines ?? []) console.log(plain(line));
} catch (error) {
  const wrongOption = error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
  console.error(error instanceof Refused || wrongOption ? plain((error as Error).message) : error);
  if (wrongOption) console.error(usage);
  process.exitCode = wrongOption ? 2 : 1;
}
