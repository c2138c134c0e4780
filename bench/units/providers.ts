import { PLATFORM, sessionItem, userItem } from "../../shared/identity/items.ts";
import { APP_ORIGIN, PAGE, type Scenario } from "./scene.ts";

const of = "/sso/connections";

/** What people do about the organization's sign-in provider and those who come by it. */
export const providerRows: readonly Scenario[] = [
  { id: "sso.list_sign_ins", method: "GET", path: (s) => `${of}/${s.sso_connection}/sign-ins?${PAGE}` },
  { id: "sso.list_identities", method: "GET", path: (s) => `${of}/${s.sso_connection}/identities?${PAGE}` },
  { id: "sso.list_own_identities", method: "GET", path: () => "/auth/me/identities" },
  {
    id: "sso.ask_link",
    method: "POST",
    path: () => "/sso/link",
    body: (s) => ({
      connection_id: s.sso_connection,
      redirect_uri: `${APP_ORIGIN}/linked`,
      state: "s".repeat(43),
      code_challenge: "c".repeat(43),
    }),
  },
  { id: "sso.ask_trial", method: "POST", path: (s) => `${of}/${s.sso_connection}/trials` },
  { id: "sso.get_trial", method: "GET", path: (s) => `${of}/${s.sso_connection}/trials/${s.trial}` },
  { id: "sso.get_enforcement", method: "GET", path: (s) => `/organizations/${s.organization}/sso-enforcement` },
  {
    id: "sso.enforce",
    method: "PUT",
    path: (s) => `/organizations/${s.organization}/sso-enforcement`,
    body: (s) => ({ break_glass_user_id: s.user }),
    // Who is named has a second factor, and has shown it.
    before: ({ table, owner: { user_id, origin_jti } }) => {
      const { writes } = table.of(PLATFORM);
      return table.transact([
        writes.update(userItem, { id: user_id }, { set: { mfa_enabled_at: new Date().toISOString() } }, {}),
        writes.update(sessionItem, { sub: user_id, origin_jti }, { set: { second_factor: true } }, {}),
      ]);
    },
  },
  { id: "sso.end_enforcement", method: "DELETE", path: (s) => `/organizations/${s.organization}/sso-enforcement` },
  {
    id: "sso.unlink_identity",
    method: "DELETE",
    path: (s) => `${of}/${s.sso_connection}/identities/${s.identity}`,
  },
  { id: "sso.unlink_own_identity", method: "DELETE", path: (s) => `/auth/me/identities/${s.own_identity}` },
  { id: "sso.delete", method: "DELETE", path: (s) => `${of}/${s.sso_connection}` },
];
