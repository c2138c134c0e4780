/** A source map of version 3 (ECMA-426) as the bundler writes it. */
export interface SourceMap {
  readonly version: 3;
  readonly sources: readonly string[];
  readonly mappings: string;
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/**
 * The map without what it says of packages. Node reads a map together with its bundle: with packages in it that costs
 * a cold start 20 ms, and what a stack trace has to name are our own lines. Where a package begins, one mapping to
 * nothing keeps its code from being taken for what stands before it.
 */
export function leavePackagesOut({ sources, mappings }: SourceMap): SourceMap & { readonly names: readonly string[] } {
  const kept = sources.flatMap((source, i) => (source.includes("node_modules/") ? [] : [i]));
  const numberOf = new Map(kept.map((old, i) => [old, i]));
  // Positions are written as differences to the ones before: read in the old numbering, written in the new one.
  const read = { source: 0, line: 0, column: 0 };
  const written = { source: 0, line: 0, column: 0 };
  const lines = mappings.split(";").map((line) => {
    let [at, writtenAt] = [0, 0];
    let inPackage = false;
    const out: string[] = [];
    for (const segment of line === "" ? [] : line.split(",")) {
      const [step = 0, source, originalLine = 0, originalColumn = 0] = decode(segment);
      at += step;
      if (source !== undefined) {
        read.source += source;
        read.line += originalLine;
        read.column += originalColumn;
      }
      const number = source === undefined ? undefined : numberOf.get(read.source);
      if (number === undefined) {
        if (!inPackage) out.push(encode([at - writtenAt]));
      } else {
        const { line, column } = read;
        out.push(encode([at - writtenAt, number - written.source, line - written.line, column - written.column]));
        Object.assign(written, { source: number, line, column });
      }
      if (number !== undefined || !inPackage) writtenAt = at;
      inPackage = number === undefined;
    }
    return out.join(",");
  });
  return { version: 3, sources: kept.map((i) => sources[i] ?? ""), names: [], mappings: lines.join(";") };
}

/** Numbers in base 64 with continuation bits, the sign in the lowest bit. */
function decode(segment: string): number[] {
  const numbers: number[] = [];
  let [value, shift] = [0, 0];
  for (const character of segment) {
    const digit = DIGITS.indexOf(character);
    value += (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    numbers.push(value & 1 ? -(value >> 1) : value >> 1);
    [value, shift] = [0, 0];
  }
  return numbers;
}

function encode(numbers: readonly number[]): string {
  let text = "";
  for (const number of numbers) {
    let rest = number < 0 ? (-number << 1) | 1 : number << 1;
    do {
      const digit = rest & 31;
      rest >>= 5;
      text += DIGITS[rest > 0 ? digit | 32 : digit];
    } while (rest > 0);
  }
  return text;
}
