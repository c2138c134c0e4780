import * as z from "zod";

/** base64url of a SHA-256. */
const code_challenge = z
  .string()
  .regex(/^[\w-]{43}$/, "is not a PKCE challenge (S256)")
  .meta({ example: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" });

/** What an app says that wants a code: where it takes over, and the challenge of the verifier that it alone has. */
export const appShape = {
  redirect_uri: z.string().min(1).max(2_000).meta({
    description:
      "Where the app takes over: of the deployment's own origin, its `app_url` or its `browser_origins`. With `state` some 900 characters at most.",
    example: "https://studio.example.com/signed-in",
  }),
  state: z.string().max(500).default(""),
  code_challenge,
  code_challenge_method: z.literal("S256").default("S256"),
};

/** What an app shows for the code that it got. */
export const provingShape = {
  code: z.string().min(1).max(200),
  code_verifier: z
    .string()
    .regex(/^[\w.~-]{43,128}$/, "is not a PKCE verifier")
    .meta({ format: "password" }),
};
