type Stored = Readonly<Record<string, unknown>>;

/** What is read of an update of a rate counter. */
export interface CounterUpdate {
  readonly UpdateExpression?: string;
  readonly ExpressionAttributeValues?: Stored;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
}

/** A rate counter after a reservation that its condition allows: what is set is set, what is added is added. */
export function counted(old: Stored | undefined, update: CounterUpdate): Record<string, unknown> {
  const { UpdateExpression = "", ExpressionAttributeValues = {}, ExpressionAttributeNames = {} } = update;
  const next: Record<string, unknown> = { epoch: ExpressionAttributeValues[":epoch"], ...old };
  for (const [, name = "", value = ""] of UpdateExpression.matchAll(/(#\w+) = (:\w+)/g))
    next[ExpressionAttributeNames[name] ?? name] = ExpressionAttributeValues[value];
  for (const [, name = "", value = ""] of UpdateExpression.matchAll(/(#\w+) (:\w+)/g)) {
    const attribute = ExpressionAttributeNames[name] ?? name;
    next[attribute] = Number(old?.[attribute] ?? 0) + Number(ExpressionAttributeValues[value]);
  }
  return next;
}
