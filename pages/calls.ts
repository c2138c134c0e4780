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
  "sso.token": "POST /sso/token",
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
  readonly last_seen_at: string;
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
  "sso.token": Opened & { readonly user: User };
}
