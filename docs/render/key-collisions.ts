import * as z from "zod";
import { type ItemDefinition, indexNames, type KeyTemplate } from "../../shared/dynamo/item.ts";

/** Where items live side by side: the table itself or one of its indexes. */
type Space = { readonly name: string; readonly of: (item: ItemDefinition) => KeyTemplate | undefined };

const spaces: readonly Space[] = [
  { name: "table", of: (item) => item.key },
  ...indexNames.map((name): Space => ({ name, of: (item) => item.indexes[name] })),
];

/**
 * Every pair of item types that could meet: with the same primary key (one would overwrite the other), or in one
 * partition where a list of the first, which asks for a prefix of the sort key, would return the second.
 */
export function collisions(items: readonly ItemDefinition[]): string[] {
  const found: string[] = [];
  for (const [i, a] of items.entries()) {
    for (const b of items.slice(i + 1)) {
      if (a.type === b.type) found.push(`two item types are called ${a.type}`);
      if (meets(a, a.key.pk, b, b.key.pk) && meets(a, a.key.sk, b, b.key.sk))
        found.push(`${a.type} and ${b.type} can have the same primary key`);
    }
  }
  for (const { name, of } of spaces) {
    for (const a of items) {
      for (const b of items) {
        const [ours, theirs] = [of(a), of(b)];
        if (a === b || ours === undefined || theirs === undefined || !ours.sk.includes("{")) continue;
        if (meets(a, ours.pk, b, theirs.pk) && canBegin(b, theirs.sk, headOf(ours.sk)))
          found.push(
            `a list of ${a.type} in ${name} (${ours.pk} / ${headOf(ours.sk)}…) can return ${b.type} (${theirs.sk})`,
          );
      }
    }
  }
  return found;
}

const headOf = (template: string): string => template.slice(0, template.indexOf("{"));

/** Whether two templates can give the same text. `#` separates parts: values never hold one. */
function meets(a: ItemDefinition, left: string, b: ItemDefinition, right: string): boolean {
  const [l, r] = [left.split("#"), right.split("#")];
  return l.length === r.length && l.every((part, i) => partsMeet(a, part, b, r[i] ?? ""));
}

function partsMeet(a: ItemDefinition, left: string, b: ItemDefinition, right: string): boolean {
  const [l, r] = [placeholder(left), placeholder(right)];
  if (l !== undefined && r !== undefined) return valuesMeet(fieldOf(a, l), fieldOf(b, r));
  if (l !== undefined) return !right.includes("{") ? fieldOf(a, l).safeParse(right).success : true;
  if (r !== undefined) return !left.includes("{") ? fieldOf(b, r).safeParse(left).success : true;
  if (!left.includes("{") && !right.includes("{")) return left === right;
  // Text around a placeholder: the fixed heads decide; anything else is taken as possible.
  const [lh, rh] = [headOf(`${left}{`), headOf(`${right}{`)];
  return lh.startsWith(rh) || rh.startsWith(lh);
}

/** Whether a template can give a text that begins like this. */
function canBegin(item: ItemDefinition, template: string, start: string): boolean {
  const parts = template.split("#");
  const wanted = start.split("#");
  const last = wanted.length - 1;
  if (parts.length < wanted.length) return false;
  return wanted.every((text, i) => {
    const part = parts[i] ?? "";
    const name = placeholder(part);
    if (i < last) return name === undefined ? part === text : fieldOf(item, name).safeParse(text).success;
    if (text === "") return true;
    return name === undefined ? headOf(`${part}{`).startsWith(text) : true;
  });
}

const placeholder = (part: string): string | undefined => /^\{(\w+)\}$/.exec(part)?.[1];

function fieldOf(item: ItemDefinition, name: string): z.ZodType {
  const field = item.schema.shape[name];
  if (!(field instanceof z.ZodType)) throw new Error(`${item.type} has no field ${name}`);
  return field;
}

/** Ids of different kinds and closed lists without a common value never meet; everything else may. */
function valuesMeet(a: z.ZodType, b: z.ZodType): boolean {
  const [l, r] = [limits(a), limits(b)];
  if (l.values !== undefined && r.values !== undefined) return l.values.some((value) => r.values?.includes(value));
  if (l.values !== undefined) return l.values.some((value) => b.safeParse(value).success);
  if (r.values !== undefined) return r.values.some((value) => a.safeParse(value).success);
  return l.prefix === undefined || r.prefix === undefined || l.prefix === r.prefix;
}

function limits(field: z.ZodType): { readonly values?: readonly unknown[]; readonly prefix?: string } {
  const schema = z.toJSONSchema(field, { unrepresentable: "any" });
  if (schema.const !== undefined) return { values: [schema.const] };
  if (schema.enum !== undefined) return { values: schema.enum };
  const prefix = /^\^([a-z]+_)/.exec(schema.pattern ?? "")?.[1];
  return prefix === undefined ? {} : { prefix };
}
