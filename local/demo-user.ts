/** Somebody to sign in as on a laptop; the same every time, and worth nothing anywhere else. */
export const demoUser = {
  email: "demo@example.com",
  password: "Demo-user-4711",
  name: "Demo User",
  organization_name: "Demo Organization",
};

/**
 * Registers the demo user through the API, as anybody would.
 * @returns undefined when it exists (now or already), else one sentence that says what the API answered
 */
export async function ensureDemoUser(apiUrl: string): Promise<string | undefined> {
  const response = await fetch(`${apiUrl}/api/v1/auth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(demoUser),
  });
  const body = await response.text();
  if (response.ok || response.status === 409) return undefined;
  return `The demo user could not be registered: ${response.status} ${body.slice(0, 300)}`;
}
