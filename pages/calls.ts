/** The operations that the pages call. A test holds that each is one, and answers at least what stands in {@link Answers}. */
export const calls = {
  "auth.login": "POST /auth/login",
  "auth.login_mfa": "POST /auth/login/mfa",
  "auth.refresh": "POST /auth/refresh",
  "auth.logout": "POST /auth/logout",
  "auth.me": "GET /auth/me",
  "auth.list_my_organizations": "GET /auth/me/organizations",
  "auth.switch_organization": "POST /auth/me/switch-org",
  "auth.list_sessions": "GET /auth/me/sessions",
  "auth.end_session": "DELETE /auth/me/sessions/{session_id}",
  "auth.sign_out_others": "POST /auth/me/sign-out-others",
  "auth.get_mfa": "GET /auth/me/mfa",
  "auth.enrol_totp": "POST /auth/me/mfa/totp",
  "auth.activate_totp": "POST /auth/me/mfa/totp/activate",
  "auth.forgot_password": "POST /auth/forgot-password",
  "auth.reset_password": "POST /auth/reset-password",
  "auth.register": "POST /auth/register",
  "auth.resend_verification": "POST /auth/registrations/{registration_id}/resend",
  "auth.look_up_registration": "POST /auth/registrations/look-up",
  "auth.verify_email": "POST /auth/verify-email",
  "auth.join_domain": "POST /auth/join-domain",
  "auth.join": "POST /auth/join",
  "auth.confirm_email": "POST /auth/me/email/confirm",
  "sso.list_providers": "GET /sso/providers",
  "sso.token": "POST /sso/token",
  "sso.list_own_identities": "GET /auth/me/identities",
  "sso.unlink_own_identity": "DELETE /auth/me/identities/{sso_identity_id}",
  "sso.ask_link": "POST /sso/link",
  "sso.finish_link": "POST /sso/link/finish",
  "invitations.look_up": "POST /invitations/look-up",
  "invitations.accept": "POST /invitations/accept",
  "domains.confirm": "POST /domains/confirm",
  "organizations.get_transfer": "GET /organizations/{organization_id}/transfer",
  "organizations.accept_transfer": "POST /organizations/{organization_id}/transfer/accept",
  "organizations.decline_transfer": "POST /organizations/{organization_id}/transfer/decline",
  "operators.get_access_here": "GET /operator-accesses/{access_id}",
  "operators.revoke_access_here": "POST /operator-accesses/{access_id}/revoke",
  "approvals.get": "GET /approvals/{approval_id}",
  "approvals.approve": "POST /approvals/{approval_id}/approve",
  "approvals.reject": "POST /approvals/{approval_id}/reject",
  "approvals.look_up": "POST /approvals/look-up",
  "approvals.decide_by_link": "POST /approvals/decide-by-link",
} as const;

export type CallId = keyof typeof calls;

interface User {
  readonly id: string;
  readonly email: string;
  readonly name: string;
}

interface Organization {
  readonly id: string;
  readonly name: string;
}

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

/** What opens a session. */
export interface Opened {
  readonly tokens: Tokens;
  readonly device_token: string;
}

export interface Challenge {
  readonly status: "mfa_required";
  readonly challenge: string;
}

export interface Me {
  readonly user: User;
  readonly organization: Organization | null;
  readonly role: string | null;
  readonly refusal: string | null;
}

export interface Membership {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly role: string;
  readonly membership_status: string;
}

export interface Session {
  readonly id: string;
  readonly current: boolean;
  readonly device: string;
  readonly ip: string;
  readonly place: { readonly country: string; readonly city: string | null } | null;
  readonly last_seen_at: string;
}

/** A provider through which anybody may sign in. */
export interface SignInProvider {
  readonly id: string;
  readonly name: string;
}

/** A provider through which somebody signs in: of a company, or one that is everybody's. */
export interface OwnIdentity {
  readonly id: string;
  readonly provider: string | null;
  readonly connection_name: string | null;
  readonly email: string | null;
  readonly active: boolean;
}

/** What an invitation's link is about. */
export interface InvitationFacts {
  readonly organization: Organization;
  readonly email: string;
  readonly role: string;
  readonly message: string;
  readonly invited_by: string | null;
  readonly has_account: boolean;
}

interface Transfer {
  readonly to_user_id: string;
  readonly status: string;
}

export interface OperatorAccess {
  readonly asked_by: { readonly email: string };
  readonly reason: string;
  readonly minutes: number;
  readonly permissions: readonly string[];
  readonly status: string;
  readonly uses: readonly { readonly operation: string }[];
}

/** Something that a run asks people. */
export interface Approval {
  readonly title: string;
  readonly message: string | null;
  readonly status: string;
  readonly pipeline_name: string;
  readonly requested_by: { readonly id: string; readonly on_behalf_of?: { readonly id: string } | undefined };
  readonly required: number;
  readonly expires_at: string;
  readonly decisions: readonly {
    readonly user_id: string;
    readonly decision: string;
    readonly comment: string | null;
    readonly at: string;
  }[];
  readonly people: readonly { readonly id: string; readonly name: string }[];
  readonly payload: unknown;
  readonly may_decide: boolean;
}

export interface LinkedApproval extends Approval {
  readonly organization_name: string;
  readonly email: string;
}

/** What the pages use of each answer. */
export interface Answers {
  "auth.login": ({ readonly status: "signed_in" } & Opened) | Challenge;
  "auth.login_mfa": Opened;
  "auth.refresh": Tokens;
  "auth.logout": undefined;
  "auth.me": Me;
  "auth.list_my_organizations": { readonly items: readonly Membership[]; readonly next_cursor: string | null };
  "auth.switch_organization": { readonly organization: Organization };
  "auth.list_sessions": { readonly items: readonly Session[] };
  "auth.end_session": undefined;
  "auth.sign_out_others": undefined;
  "auth.get_mfa": { readonly enabled: boolean };
  "auth.enrol_totp": { readonly secret: string; readonly otpauth_uri: string };
  "auth.activate_totp": { readonly recovery_codes: readonly string[] };
  "auth.forgot_password": { readonly message: string };
  "auth.reset_password": undefined;
  "auth.register": { readonly registration_id: string };
  "auth.resend_verification": { readonly registration_id: string };
  "auth.look_up_registration": {
    readonly email: string;
    readonly organization_name: string | null;
    readonly join: { readonly organization: Organization; readonly role: string } | null;
  };
  "auth.verify_email": Opened;
  "auth.join_domain": Opened;
  "auth.join": Opened;
  "auth.confirm_email": { readonly email: string };
  "sso.list_providers": { readonly items: readonly SignInProvider[] };
  "sso.list_own_identities": { readonly has_password: boolean; readonly items: readonly OwnIdentity[] };
  "sso.unlink_own_identity": undefined;
  "sso.ask_link": { readonly url: string };
  "sso.finish_link": OwnIdentity;
  "sso.token": Opened & { readonly user: User };
  "invitations.look_up": InvitationFacts;
  "invitations.accept": { readonly organization: Organization };
  "domains.confirm": { readonly domain: string };
  "organizations.get_transfer": Transfer;
  "organizations.accept_transfer": Transfer;
  "organizations.decline_transfer": Transfer;
  "operators.get_access_here": OperatorAccess;
  "operators.revoke_access_here": { readonly status: string };
  "approvals.get": Approval;
  "approvals.approve": Approval;
  "approvals.reject": Approval;
  "approvals.look_up": LinkedApproval;
  "approvals.decide_by_link": Approval;
}
