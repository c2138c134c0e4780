import { decide } from "../../shared/access/decide.ts";
import { permissionTexts } from "../../shared/access/permission-texts.ts";
import { allPermissions } from "../../shared/access/permissions.ts";
import { builtInRoleNames, builtInRoles } from "../../shared/access/roles.ts";
import { fullPath, type OperationShape } from "../../shared/http/operation.ts";
import { code, generated, table } from "./markdown.ts";

type Operations = readonly { readonly room: string; readonly operation: OperationShape }[];

/** docs/permissions.md: the catalogue, the built-in roles, and what each operation needs. */
export function renderPermissions(operations: Operations): string {
  const catalogue = allPermissions.map((permission) => [code(permission), permissionTexts[permission]]);
  const roles = builtInRoleNames.map((role) => [
    code(role),
    builtInRoles[role].label,
    builtInRoles[role].description,
    String(allPermissions.filter((permission) => decide(builtInRoles[role].grants, permission).allowed).length),
  ]);
  const matrix = allPermissions.map((permission) => [
    code(permission),
    ...builtInRoleNames.map((role) => (decide(builtInRoles[role].grants, permission).allowed ? "✓" : "")),
  ]);
  const needs = operations.map(({ operation }) => [
    code(`${operation.method} ${fullPath(operation)}`),
    access(operation),
    operation.step_up === undefined ? "" : `${operation.step_up} min`,
    operation.summary,
  ]);
  return [
    generated("`shared/access` and each room's `operations.ts`"),
    "# Permissions",
    "",
    "A permission is `resource:action`. A grant is a permission, `resource:*`, `*:action` or `*`. A request passes when the caller's",
    "role grants the operation's permission; the role is read with every request. A role is built in, or one of the organization's own",
    "(`POST /roles`): at most 50, none of which grants more than its author held.",
    "",
    "## Catalogue",
    "",
    table(["Permission", "What it lets somebody do"], catalogue),
    "",
    "## Built-in roles",
    "",
    table(["Role", "Name", "What it is for", "Permissions"], roles),
    "",
    table(["Permission", ...builtInRoleNames.map(code)], matrix),
    "",
    "## Operations",
    "",
    "*Public* needs no sign-in; *signed in* is for everybody who is, about themselves;",
    "*operator* for those who run the platform, who have a second factor; *directory* for a company's directory, by a SCIM token.",
    "*Step-up*: a factor was proved in the session within so many minutes, by signing in or by `POST /auth/step-up`.",
    "",
    table(["Operation", "Needs", "Step-up", "What it does"], needs),
    "",
  ].join("\n");
}

const access = ({ permission, or }: OperationShape): string =>
  permission === "public" || permission === "operator" || permission === "directory"
    ? `*${permission}*`
    : permission === "authenticated"
      ? "*signed in*"
      : [permission, ...or].map(code).join(" or ");
