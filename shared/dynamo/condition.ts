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

/** Collects names and values of one request's expressions. */
export class Expression {
  readonly names: Record<string, string> = {};
  readonly values: Record<string, unknown> = {};
  #count = 0;

  name(attribute: string): string {
    const key = `#${attribute}`;
    this.names[key] = attribute;
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
