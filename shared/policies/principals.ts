import type { Assignment, PrincipalFacts } from "./language.ts";

function names(one: Assignment, principal: PrincipalFacts): boolean {
  switch (one.type) {
    case "organization":
      return true;
    case "role":
      return principal.role === one.id;
    case "team":
      return principal.teams?.includes(one.id) === true;
    case "user":
      return (principal.kind === "user" ? principal.id : principal.acts_for) === one.id;
    case "api_key":
      return principal.api_key_id === one.id;
  }
}

/** Whether a policy with these assignments is for whoever asks. */
export const isFor = (assignments: readonly Assignment[], principal: PrincipalFacts): boolean =>
  assignments.some((one) => names(one, principal));
