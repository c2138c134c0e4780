import * as z from "zod";
import { timestampSchema } from "../../../shared/http/schemas.ts";
import { type Attribute, attributes, type Root } from "../../../shared/policies/attributes.ts";
import { MAX_VALUE, MAX_VALUES } from "../../../shared/policies/language.ts";

/** A request that somebody describes: what conditions can look at, by the names that they call it. */

/** An instant as things have it. */
const instant = timestampSchema.overwrite((text) => new Date(text).toISOString());

const textSchema = z.string().max(MAX_VALUE);

function valueSchema({ type, values, range, lower_case }: Attribute): z.ZodType {
  switch (type) {
    case "number": {
      const [least, most] = range ?? [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
      return z.int().min(least).max(most);
    }
    case "flag":
      return z.boolean();
    case "texts":
      return z.array(textSchema).max(MAX_VALUES);
    case "time":
      return instant;
    case "address":
      return z.union([z.ipv4(), z.ipv6()]);
    default:
      // Not an enumeration, of which the API's document would name each.
      if (values !== undefined)
        return textSchema.refine((value) => values.includes(value), `must be one of ${values.join(", ")}`);
      return lower_case ? textSchema.toLowerCase() : textSchema;
  }
}

/** The attributes of a root but these, each optional: what is left out is missing. */
const membersOf = (root: Root, without: readonly string[] = []) =>
  Object.fromEntries(
    [...attributes].flatMap(([path, attribute]) => {
      const [own, name = ""] = path.split(".");
      if (own !== root || without.includes(name)) return [];
      return [[name, valueSchema(attribute).optional().meta({ description: attribute.description })]];
    }),
  ) as Record<string, z.ZodOptional>;

const described = (members: Record<string, z.ZodOptional>) =>
  z.strictObject(members) as z.ZodType as z.ZodType<Readonly<Record<string, unknown>>>;

/** Whoever asks. The domain follows from the address. */
export const principalSchema = described({
  ...membersOf("principal", ["email_domain"]),
  acts_for: textSchema.optional().meta({ description: "Of an API key: the member whose it is." }),
}).meta({
  id: "DescribedPrincipal",
  description: "Whoever asks, as conditions see them. What is left out is missing.",
  example: { role: "developer", email: "ada@example.com", mfa: true },
});

/** A thing. Its type is said beside. */
export const thingSchema = described(membersOf("resource", ["type"])).meta({
  id: "DescribedThing",
  description: "A thing, as conditions see it. What is left out is missing.",
  example: { name: "Support", status: "active", tags: ["secret"] },
});

export const contextSchema = described({
  ...membersOf("context", ["request_time"]),
  at: instant.optional().meta({ description: "The time of the request." }),
}).meta({
  id: "DescribedContext",
  description: "How and when it is asked, as conditions see it. What is left out is missing.",
  example: { ip: "192.0.2.7", at: "2026-01-31T12:00:00.000Z" },
});
