import type { Stage } from "../../infra/stages.ts";

/** A finding of cfn-lint that is right as it is, and why. */
export interface Accepted {
  readonly rule: string;
  readonly stages: readonly Stage["name"][];
  /** What the finding's text says; any of the rule's findings when not given. */
  readonly about?: RegExp;
  readonly reason: string;
}

/** Everything that cfn-lint may find. What is not here fails the test, and so does what it no longer finds. */
export const accepted: readonly Accepted[] = [
  {
    rule: "W3005",
    stages: ["local", "development", "staging", "production"],
    reason:
      "The CDK says that a function comes after its role, which the reference to the role says already. It costs nothing.",
  },
  {
    rule: "W3037",
    stages: ["local"],
    about: /^'(converse|conversestream|sendmessagebatch)' is not one of/,
    reason:
      "The local AWS authorizes these calls by their own names, which AWS does not know (infra/stacks/resources.ts); deployed stages have none of them.",
  },
];
