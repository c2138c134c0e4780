import { timestamp } from "../../shared/clock.ts";
import { fromStored } from "../../shared/dynamo/item.ts";
import { AnswerLost } from "../../shared/dynamo/retry.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import { rateItem } from "../../shared/limits/reserve.ts";
import { slotOf } from "../../shared/limits/window.ts";

type Item = Record<string, unknown>;

/** A stored counter of a subject that was admitted so many requests at this time. */
export const storedCounter = (total: number, at: Date) => ({
  subject: "s",
  epoch: "e",
  total,
  [`s${slotOf(at).toString(36)}`]: total,
  expires_at: timestamp(at),
});

/**
 * A table that holds counters of requests and nothing else, in memory: it does what their updates say (SET, ADD and REMOVE of
 * attributes, conditions of comparisons, AND and OR), and tells what it was asked. The real engine is asked the same by the
 * integration tests.
 * @param isLost whether the answer to a write that was made is lost: it is made again then, or the loss is told, as the write says
 */
export function counterTable(isLost: () => boolean = () => false) {
  const items = new Map<string, Item>();
  const asked: { ok: boolean }[] = [];
  const apply: TenantTable["apply"] = async (definition, write) => {
    const { item, refuse, lost } = write;
    const update = item.Update;
    if (update === undefined) throw new Error("a counter is updated");
    const key = JSON.stringify(update.Key);
    const old = items.get(key);
    const names = update.ExpressionAttributeNames ?? {};
    const values = update.ExpressionAttributeValues ?? {};
    const nameOf = (text: string) => names[text] ?? text;
    const ok = holds(update.ConditionExpression ?? "", old, nameOf, values);
    asked.push({ ok });
    if (!ok) throw refuse(old);
    const next: Item = { ...update.Key, ...old };
    for (const [, word = "", clause = ""] of (update.UpdateExpression ?? "").matchAll(
      /(SET|ADD|REMOVE) (.*?)(?= (?:SET|ADD|REMOVE) |$)/g,
    ))
      for (const part of clause.split(/, (?![^(]*\))/)) change(next, word, part, old, nameOf, values);
    items.set(key, next);
    if (isLost()) {
      if (lost !== "decide") throw new AnswerLost(new Error("ETIMEDOUT"));
      return apply(definition, write);
    }
    return fromStored(rateItem, next) as never;
  };
  const table = { tenant: "org_1", table: { name: "table" }, apply } as unknown as TenantTable;
  return { table, asked, items };
}

type Names = (text: string) => string;

function change(next: Item, word: string, part: string, old: Item | undefined, nameOf: Names, values: Item): void {
  if (word === "REMOVE") {
    delete next[nameOf(part)];
    return;
  }
  if (word === "ADD") {
    const [name = "", value = ""] = part.split(" ");
    next[nameOf(name)] = Number(old?.[nameOf(name)] ?? 0) + Number(values[value]);
    return;
  }
  const [name = "", value = ""] = part.split(" = ");
  const [, kept = "", otherwise = ""] = /^if_not_exists\((#\w+), (:\w+)\)$/.exec(value) ?? [];
  next[nameOf(name)] = kept === "" ? values[value] : (old?.[nameOf(kept)] ?? values[otherwise]);
}

/** Conditions as counters have them: `a AND (b OR c OR (d AND e))`. */
function holds(text: string, item: Item | undefined, nameOf: Names, values: Item): boolean {
  const script = text
    .replaceAll(/attribute_not_exists\((#\w+)\)/g, (_, name: string) => String(item?.[nameOf(name)] === undefined))
    .replaceAll(/(#\w+) (=|<=) (:\w+)/g, (_, name: string, operator: string, value: string) => {
      const left = item?.[nameOf(name)];
      const right = values[value];
      if (left === undefined) return "false";
      return String(operator === "=" ? left === right : Number(left) <= Number(right));
    });
  return evaluate(script);
}

/** A text of true, false, AND, OR and parentheses. */
function evaluate(text: string): boolean {
  let rest = text;
  for (;;) {
    const next = rest
      .replaceAll(/\((true|false)\)/g, "$1")
      .replaceAll(/(true|false) AND (true|false)/g, (_, a, b) => String(a === "true" && b === "true"))
      .replaceAll(/(?<!AND )(true|false) OR (true|false)(?! AND)/g, (_, a, b) => String(a === "true" || b === "true"));
    if (next === rest) break;
    rest = next;
  }
  if (rest !== "true" && rest !== "false") throw new Error(`not understood: ${text} (${rest})`);
  return rest === "true";
}
