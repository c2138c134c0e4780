type Stored = Readonly<Record<string, unknown>>;

/** What is read of an update of a rate counter. */
export interface CounterUpdate {
  readonly UpdateExpression?: string;
  readonly ExpressionAttributeValues?: Stored;
}

/** A rate counter after a reservation: what is set is set, what is added is added. */
export function counted(old: Stored | undefined, update: CounterUpdate): Record<string, unknown> {
  const { UpdateExpression = "", ExpressionAttributeValues = {} } = update;
  const given = Object.fromEntries(
    Object.entries(ExpressionAttributeValues).map(([name, value]) => [name.slice(1), value]),
  );
  const { subject, minute, previous, month, calls, expires_at, current, count } = given;
  const added = (before: unknown, more: unknown) => Number(before ?? 0) + Number(more);
  const sets = (name: string) => UpdateExpression.includes(`#${name} = :${name}`);
  return {
    subject,
    minute,
    previous,
    expires_at,
    current: sets("current") ? current : added(old?.current, count),
    ...(month === undefined ? {} : { month, calls: sets("calls") ? calls : added(old?.calls, calls) }),
  };
}
