import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { StringDecoder } from "node:string_decoder";
import { parseArgs } from "node:util";
import { exportLine } from "../functions/audit/exports/rules/lines.ts";
import { BadExport, ExportCheck, exitCodeOf, type Found } from "../functions/audit/exports/rules/verify.ts";
import { type Head, headSchema } from "../functions/audit/tree/rules/head.ts";
import { type PublicKey, publicKeyOfPem } from "../shared/signing/public-key.ts";

// `npm run audit:verify -- export.jsonl`: checks an export of the audit log with nothing but the public key. Nothing is asked
// of anybody: it works without a network, and without us.

const usage = `npm run audit:verify -- <export.jsonl> [--key <key.pem>] [--head <earlier-head.json>]

  --key    whose signature is believed: a PEM as GET /audit/keys has it. Without it the key that the export names,
           whose id is printed: compare it with one that you know.
  --head   a head that you have kept, as GET /audit/heads/latest and the event audit.head_signed have it:
           the export has to go on from it.

Exit codes: 0 every line is proved, 1 a line is not as it was, 2 it cannot be checked,
3 what is proved is as it was, and something has no proof: the last lines, or the end of the range,
4 every line is proved, and parts of entries are blank.`;

/** What ends with 2: it says nothing of the export. */
class Unchecked extends Error {}

/** The lines of a file; U+2028 and a carriage return are part of one. */
async function* linesOf(file: string): AsyncGenerator<string[]> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    const lines = (rest + decoder.write(chunk)).split("\n");
    rest = lines.pop() ?? "";
    yield lines;
  }
  rest += decoder.end();
  if (rest !== "") yield [rest];
}

const read = async (file: string): Promise<string> => {
  try {
    return await readFile(file, "utf8");
  } catch {
    throw new Unchecked(`${file} cannot be read.`);
  }
};

async function keyOf(file: string): Promise<PublicKey> {
  const pem = await read(file);
  try {
    return publicKeyOfPem(pem);
  } catch {
    throw new Unchecked(`${file} is no PEM of a public key on P-256.`);
  }
}

/** The key that the export itself names. */
function namedKey(first: string): PublicKey {
  try {
    return publicKeyOfPem(exportLine.parse(JSON.parse(first)).key);
  } catch {
    throw new BadExport(1, "is no first line of an export");
  }
}

/** A head as it was kept: as the API gave it, or within the event that told of it. */
async function headOf(file: string): Promise<Head> {
  const text = await read(file);
  try {
    const said = JSON.parse(text);
    return headSchema.parse(said.data ?? said);
  } catch {
    throw new Unchecked(`${file} is no signed head.`);
  }
}

async function check(
  file: string,
  given: { readonly key?: string; readonly head?: string },
): Promise<[Found, PublicKey]> {
  const earlier = given.head === undefined ? undefined : await headOf(given.head);
  let key = given.key === undefined ? undefined : await keyOf(given.key);
  let checking: ExportCheck | undefined;
  try {
    for await (const lines of linesOf(file))
      for (const line of lines) {
        key ??= namedKey(line);
        checking ??= new ExportCheck({ key, earlier });
        checking.take(line);
      }
  } catch (error) {
    throw error instanceof BadExport ? error : new Unchecked(`${file} cannot be read.`, { cause: error });
  }
  if (checking === undefined || key === undefined) throw new BadExport(0, "has no line");
  return [checking.end(), key];
}

function report(
  {
    header,
    first,
    next,
    ahead,
    entries,
    expired,
    outside,
    elsewhere,
    erased,
    sealed,
    first_erased,
    unproved,
    first_unproved,
  }: Found,
  key: PublicKey,
  known: boolean,
) {
  const { organization_id, head, from, to, keeps } = header;
  console.log(
    keeps === undefined
      ? `Organization ${organization_id}, from ${from ?? "its beginning"} to ${to ?? "its head"}`
      : `Organization ${organization_id}, a copy of what is kept for more than ${keeps.over} days${keeps.up_to === null ? "" : ` and at most ${keeps.up_to}`}`,
  );
  if (head !== null)
    console.log(
      `Head of ${head.size} entries, signed ${head.signed_at} by the key ${key.key_id}${known ? "" : ", which the export names itself"}`,
    );
  console.log(
    `Proved: the leaves ${first} to before ${next} in order: ${entries} entries, ${expired} expired, ${keeps === undefined ? `${outside} of another time` : `${elsewhere} in copies of other classes`}`,
  );
  if (erased > 0)
    console.log(
      `Blank: ${erased} parts of entries, from line ${first_erased} on${sealed > 0 ? `, ${sealed} of them encrypted` : ""}`,
    );
  if (head === null) console.log("Not proved: anything, for there is no head");
  else if (ahead) console.log(`Not proved: what happened after ${head.signed_at}`);
  if (unproved > 0) console.log(`Not proved: ${unproved} entries without a number, from line ${first_unproved} on`);
}

async function main(): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { key: { type: "string" }, head: { type: "string" } },
    });
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw new Unchecked(usage);
    const [found, key] = await check(file, values);
    report(found, key, values.key !== undefined);
    return exitCodeOf(found);
  } catch (error) {
    if (error instanceof BadExport) {
      console.error(error.line === 0 ? `The file ${error.message}.` : `Line ${error.line} ${error.message}.`);
      return 1;
    }
    console.error(error instanceof Unchecked ? error.message : usage);
    return 2;
  }
}

process.exitCode = await main();
