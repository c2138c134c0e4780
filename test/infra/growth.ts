import type { Product, ServedOperation } from "../../infra/product.ts";
import type { FunctionData, Need, RoomData, Trigger } from "../../shared/room.ts";

/** What there can be only one of in a deployment: the pool has one trigger of a kind, the table's stream two readers. */
const single = ({ trigger }: FunctionData): boolean => trigger.kind === "cognito" || trigger.kind === "inserts";

const renamedTrigger = (trigger: Trigger, suffix: string): Trigger =>
  trigger.kind === "queue" ? { ...trigger, queue: `${trigger.queue}${suffix}` } : trigger;

const renamedNeed = (need: Need, suffix: string): Need =>
  need.startsWith("send:") ? (`${need}${suffix}` as Need) : need;

function copyRoom(room: RoomData, suffix: string): RoomData {
  const functions = Object.entries(room.functions)
    .filter(([, fn]) => !single(fn))
    .map(([name, fn]) => [
      name,
      {
        ...fn,
        trigger: renamedTrigger(fn.trigger, suffix),
        needs: fn.needs.map((need) => renamedNeed(need, suffix)),
        // The account's concurrency does not grow with the product.
        ...(fn.reserved_concurrency === undefined ? {} : { reserved_concurrency: 1 }),
      },
    ]);
  const queues = Object.entries(room.queues ?? {}).map(([name, queue]) => [`${name}${suffix}`, queue]);
  return {
    ...room,
    name: `${room.name}${suffix}`,
    functions: Object.fromEntries(functions),
    queues: Object.fromEntries(queues),
  };
}

/** `/agents/{agent_id}` in a copy is `/agentsb/{agent_id}`. */
const copyPath = (path: string, suffix: string): string => path.replace(/^\/([^/{]+)/, `/$1${suffix}`);

const copyOperation = ({ room, operation }: ServedOperation, suffix: string): ServedOperation => ({
  room: `${room}${suffix}`,
  operation: { ...operation, id: `${operation.id}${suffix}`, path: copyPath(operation.path, suffix) },
});

/** The product with every room that it has now as often as `suffixes` say, beside the rooms themselves. */
export function grown({ rooms, operations }: Product, suffixes: readonly string[] = ["b", "c"]): Product {
  const copies = suffixes.flatMap((suffix) => rooms.map((room) => copyRoom(room, suffix)));
  const more = suffixes.flatMap((suffix) =>
    operations.filter(({ operation }) => operation.path !== "/").map((each) => copyOperation(each, suffix)),
  );
  return { rooms: [...rooms, ...copies], operations: [...operations, ...more] };
}

/** The name of the room that this one is, or is a copy of. */
export function originalOf({ name }: RoomData, { rooms }: Product): string {
  const original = rooms.find((room) => name === room.name || name.slice(0, -1) === room.name);
  if (original === undefined) throw new Error(`${name} is no copy`);
  return original.name;
}
