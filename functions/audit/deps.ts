import type { LockedFiles } from "../../shared/blobs/locked.ts";
import type { Platform } from "../../shared/http/platform.ts";
import type { SigningKey } from "../../shared/signing/kms.ts";

export interface AuditDeps extends Pick<Platform, "table"> {
  /** The key that signs heads, of which everybody may know the public half. */
  readonly key: Pick<SigningKey, "public">;
}
export type ExportDeps = AuditDeps & Pick<Platform, "clock" | "log">;
export type CopyFileDeps = ExportDeps & Pick<Platform, "secrets"> & { readonly files: Pick<LockedFiles, "get"> };
