import { targets } from "../../../shared/policies/targets.ts";

/** What policies are asked about: a type of things, and what is done with them. */
export interface Ask {
  readonly resource_type: string;
  readonly action: string;
}

/** Whether policies can be about this: the type is there, and something asks for this to be done with it. */
export const isAsk = ({ resource_type, action }: Ask): boolean =>
  Object.hasOwn(targets, resource_type) && (targets[resource_type] ?? []).includes(action);
