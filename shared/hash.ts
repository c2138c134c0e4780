import { createHash } from "node:crypto";

/** The SHA-256 of a text as base64url: what is kept of a secret that somebody will show again. */
export const sha256 = (text: string): string => createHash("sha256").update(text).digest("base64url");
