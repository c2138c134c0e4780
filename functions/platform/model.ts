/** Content codings in which files are kept, best first; `identity` is the file itself. */
export const encodings = ["br", "gzip", "identity"] as const;
export type Encoding = (typeof encodings)[number];

/** The best of our codings that an `Accept-Encoding` header takes (RFC 9110); the file itself when it takes none. */
export function chooseEncoding(header: string): Encoding {
  const weights = new Map(
    header.split(",").map((part) => {
      const [name = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
      const q = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
      return [name, q === undefined ? 1 : Number(q)] as const;
    }),
  );
  const accepted = (encoding: Encoding) => (weights.get(encoding) ?? weights.get("*") ?? 0) > 0;
  return encodings.find((encoding) => encoding !== "identity" && accepted(encoding)) ?? "identity";
}
