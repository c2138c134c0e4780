import type { Policy, PolicyBundle } from "./language.ts";

/** What a policy in shadow would have denied, and why. */
export interface ShadowDenial {
  readonly policy: Pick<Policy, "id" | "name" | "version">;
  readonly detail: string;
}

const watched = new WeakMap<PolicyBundle, { readonly bundle: PolicyBundle | undefined }>();

/**
 * The rules as they would be if the policies in shadow were enforced; undefined where none is in shadow. The same object as
 * long as the rules are, so that it is compiled once.
 */
export function withShadow(rules: PolicyBundle): PolicyBundle | undefined {
  const known = watched.get(rules);
  if (known !== undefined) return known.bundle;
  const policies = rules.policies.map((policy) =>
    policy.status === "shadow" ? ({ ...policy, status: "active" } as const) : policy,
  );
  const bundle = rules.policies.some(({ status }) => status === "shadow") ? { ...rules, policies } : undefined;
  watched.set(rules, { bundle });
  return bundle;
}
