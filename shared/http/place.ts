import * as z from "zod";

/** Where an address is, as the front has it from a list of addresses: near enough to tell a person, nothing to decide by. */
export const viewerPlaceSchema = z
  .object({
    country: z.string().meta({ example: "DE" }),
    region: z.string().nullable().meta({ example: "BY" }),
    city: z.string().nullable().meta({ example: "Munich" }),
  })
  .meta({ id: "ViewerPlace", description: "Where an address is, roughly, by codes of ISO 3166." });
export type ViewerPlace = z.output<typeof viewerPlaceSchema>;

/** The headers in which CloudFront says where a viewer is. */
export const VIEWER_PLACE_HEADERS = {
  country: "cloudfront-viewer-country",
  region: "cloudfront-viewer-country-region",
  city: "cloudfront-viewer-city",
} as const;

/** Letters of any script, and what stands between them in names of places. It goes into a mail that warns. */
const CITY = /^[\p{L}\p{M}][\p{L}\p{M}\p{N} .,'’()/-]{0,79}$/u;

/** CloudFront encodes what is not ASCII as addresses of the web do. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** What headers of the front say of a place; null where they name no country. Whether they are its own is for who calls. */
export function viewerPlace(headers: Readonly<Record<string, string | undefined>>): ViewerPlace | null {
  const country = headers[VIEWER_PLACE_HEADERS.country];
  if (country === undefined || !/^[A-Z]{2}$/.test(country)) return null;
  const region = headers[VIEWER_PLACE_HEADERS.region];
  const city = decoded(headers[VIEWER_PLACE_HEADERS.city] ?? "");
  return {
    country,
    region: region !== undefined && /^[A-Z\d]{1,3}$/.test(region) ? region : null,
    city: city !== undefined && CITY.test(city) ? city : null,
  };
}

/** A place in one line: `Munich, BY, DE`. */
export const placeName = ({ city, region, country }: ViewerPlace): string =>
  [city, region, country].filter((part) => part !== null).join(", ");
