/**
 * A condition on one item, as data. All members must hold.
 * `exists: false` means "no item with this key yet".
 */
export interface Condition {
  readonly exists?: boolean;
  readonly equals?: Readonly<Record<string, unknown>>;
  readonly differs?: Readonly<Record<string, unknown>>;
  readonly one_of?: Readonly<Record<string, readonly unknown[]>>;
  readonly absent?: readonly string[];
  readonly present?: readonly string[];
  readonly below?: Readonly<Record<string, number | string>>;
  readonly at_least?: Readonly<Record<string, number | string>>;
  /** The set attribute does not contain the element. */
  readonly lacks?: Readonly<Record<string, unknown>>;
  readonly any?: readonly Condition[];
  readonly all?: readonly Condition[];
}

/** The attributes that a condition looks at; `pk` stands for whether there is an item. */
export function attributesOf(condition: Condition): string[] {
  const {
    exists,
    equals,
    differs,
    one_of,
    absent = [],
    present = [],
    below,
    at_least,
    lacks,
    any = [],
    all = [],
  } = condition;
  return [
    ...(exists === undefined ? [] : ["pk"]),
    ...[equals, differs, one_of, below, at_least, lacks].flatMap((fields) => Object.keys(fields ?? {})),
    ...absent,
    ...present,
    ...[...any, ...all].flatMap(attributesOf),
  ];
}

/** What stands in an expression's name as it is; anything else in it would be taken for the language's own. */
const PLAIN_NAME = /^[a-z][a-z0-9_]*$/i;

/** Collects names and values of one request's expressions. */
export class Expression {
  readonly names: Record<string, string> = {};
  readonly values: Record<string, unknown> = {};
  readonly #others = new Map<string, string>();
  #count = 0;

  /** The placeholder of a top-level attribute, whatever it is called: `size`, `a.b`, `x-y` or `#`. */
  name(attribute: string): string {
    const key = PLAIN_NAME.test(attribute) ? `#${attribute}` : this.#other(attribute);
    this.names[key] = attribute;
    return key;
  }

  #other(attribute: string): string {
    const key = this.#others.get(attribute) ?? `#0${this.#others.size}`;
    this.#others.set(attribute, key);
    return key;
  }

  value(value: unknown): string {
    const key = `:v${this.#count++}`;
    this.values[key] = value;
    return key;
  }

  condition(condition: Condition): string {
    const parts: string[] = [];
    const each = (fields: Readonly<Record<string, unknown>> | undefined, operator: string) => {
      for (const [field, value] of Object.entries(fields ?? {})) {
        parts.push(`${this.name(field)} ${operator} ${this.value(value)}`);
      }
    };
    if (condition.exists === true) parts.push(`attribute_exists(${this.name("pk")})`);
    if (condition.exists === false) parts.push(`attribute_not_exists(${this.name("pk")})`);
    each(condition.equals, "=");
    each(condition.differs, "<>");
    each(condition.below, "<");
    each(condition.at_least, ">=");
    for (const [field, values] of Object.entries(condition.one_of ?? {})) {
      parts.push(`${this.name(field)} IN (${values.map((value) => this.value(value)).join(", ")})`);
    }
    for (const field of condition.absent ?? []) parts.push(`attribute_not_exists(${this.name(field)})`);
    for (const field of condition.present ?? []) parts.push(`attribute_exists(${this.name(field)})`);
    for (const [field, element] of Object.entries(condition.lacks ?? {})) {
      parts.push(`NOT contains(${this.name(field)}, ${this.value(element)})`);
    }
    for (const one of condition.all ?? []) parts.push(this.condition(one));
    if (condition.any !== undefined) parts.push(`(${condition.any.map((one) => this.condition(one)).join(" OR ")})`);
    return parts.join(" AND ");
  }

  /** The request members; DynamoDB refuses empty maps, so they are left out. */
  toRequest(): {
    ExpressionAttributeNames?: Record<string, string>;
    ExpressionAttributeValues?: Record<string, unknown>;
  } {
    return {
      ...(Object.keys(this.names).length > 0 ? { ExpressionAttributeNames: this.names } : {}),
      ...(Object.keys(this.values).length > 0 ? { ExpressionAttributeValues: this.values } : {}),
    };
  }
}
