import type { PolicyBundle } from "../../../shared/policies/language.ts";
import { requestOf } from "../../../shared/policies/widening/request.ts";
import { type Widening, widening } from "../../../shared/policies/widening/widening.ts";

const MOST_SHOWN = 50;
const MOST_VALUES = 20;

/** What comes out otherwise when one set of policies takes the place of another. */
export function widened(before: PolicyBundle, after: PolicyBundle) {
  const [more, less] = [widening(before, after), widening(after, before)];
  const complete = [more, less].every((one) => one.complete && one.widened.length <= MOST_SHOWN);
  return {
    allowed: more.widened.slice(0, MOST_SHOWN).map(shown),
    denied: less.widened.slice(0, MOST_SHOWN).map(shown),
    complete,
  };
}

function shown({ resource_type, action, when }: Widening) {
  const one = new Map(when.map(({ variable, values }) => [variable, values[0]]));
  const { principal, resource, context, at } = requestOf(resource_type, action, one);
  const { kind: _kind, id, ...described } = principal;
  return {
    resource_type,
    action,
    when: when.map(({ variable, values }) => ({
      attribute: variable,
      values: values.slice(0, MOST_VALUES).map((value) => value ?? null),
    })),
    example: {
      principal: {
        ...(one.has("principal.kind") ? { kind: principal.kind } : {}),
        ...(one.has("principal.id") ? { id } : {}),
        ...described,
      },
      resource,
      context: { ...context, ...(one.has("time") ? { at: at.toISOString() } : {}) },
    },
  };
}
