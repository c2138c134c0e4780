import { describe, expect, it } from "vitest";
import { scenarios } from "../../../bench/units/scenarios.ts";
import { operationsOf } from "../../../functions/operations.ts";

/** Where people, what they may do and how they come in is kept: the parts that grow with a company. */
const ROOMS = [
  "access",
  "approvals",
  "auth",
  "domains",
  "invitations",
  "operators",
  "organizations",
  "scim",
  "sso",
  "teams",
  "users",
];

/** Operations whose units are not counted, by why. */
const UNCOUNTED: Readonly<Record<string, readonly string[]>> = {
  "They ask nothing of the table.": [
    "permissions.list",
    "scim.get_service_provider_config",
    "scim.list_resource_types",
    "scim.get_resource_type",
    "scim.list_schemas",
    "scim.get_schema",
    "sso.refused",
    "sso.list_providers",
  ],
  "They take a secret that stands in a mail, or in a browser on its way to a provider and back.": [
    "auth.resend_verification",
    "auth.verify_email",
    "auth.look_up_registration",
    "auth.join_domain",
    "auth.join",
    "auth.reset_password",
    "auth.confirm_email",
    "domains.confirm",
    "invitations.look_up",
    "invitations.accept",
    "sso.begin",
    "sso.show_trial",
    "sso.finish_link",
  ],
  "They take a refresh token, or a code of an authenticator.": [
    "auth.refresh",
    "auth.login_mfa",
    "auth.activate_totp",
    "auth.renew_recovery_codes",
    "auth.disable_mfa",
    "auth.reset_mfa",
  ],
  "They are another person's, or end the session by which the others are called.": [
    "auth.register",
    "auth.logout",
    "auth.end_session",
    "organizations.accept_transfer",
    "organizations.decline_transfer",
    "users.leave",
  ],
  "They read or end one thing by its id, as a counted one does.": [
    "operators.revoke_access_here",
    "organizations.get_erasure",
    "scim.revoke_token",
  ],
};

const counted = new Set(scenarios.map(({ id }) => id));
const excused = Object.values(UNCOUNTED).flat();
const operations = ROOMS.flatMap((room) => operationsOf(room).map(({ id }) => id));

describe("units of what people do", () => {
  it("are counted of every operation in the benchmark, but for those that are named here with a reason", () => {
    expect(operations.length).toBeGreaterThan(100);
    expect(operations.filter((id) => !counted.has(id) && !excused.includes(id))).toEqual([]);
  });

  it("have no excuse that is none: of no operation, or of one that is counted", () => {
    expect(excused.filter((id) => counted.has(id) || !operations.includes(id))).toEqual([]);
    expect(excused).toHaveLength(new Set(excused).size);
  });
});
