import type { Files } from "../../../../shared/blobs/files.ts";
import { uploadKey } from "../../../../shared/blobs/purposes.ts";
import { agentLimits } from "../../model.ts";
import type { StoredContext } from "../../store.ts";
import type { Taken } from "../extraction/rules/failures.ts";
import { formatOf } from "../extraction/rules/formats.ts";
import { type Extract, wholeText } from "../extraction/run.ts";

export interface UploadedDeps {
  readonly files: Pick<Files, "inspect" | "remove">;
  readonly extract: Extract;
}

const keyOf = (tenant: string, { id, attempt }: StoredContext): string => uploadKey(tenant, id, attempt ?? "");

/** The text of the file that was uploaded for a context: of exactly the file that was there when its upload was completed. */
export async function uploadedText(
  tenant: string,
  context: StoredContext,
  { files, extract }: UploadedDeps,
): Promise<Taken> {
  const { media_type = "", sha256 = null } = context.file ?? {};
  const format = formatOf(media_type);
  const found = await files.inspect(keyOf(tenant, context), agentLimits.file_bytes);
  if (format === undefined || found === undefined || found.sha256 !== sha256)
    return {
      ok: false,
      code: "upload_lost",
      message: "The uploaded file is gone, or another one was sent after its upload was completed. Upload it again.",
    };
  return wholeText(extract, { format, media_type, bytes: found.beginning });
}

/** What stays behind goes by the lifecycle rule of uploads. */
export const forgetUpload = (tenant: string, context: StoredContext, { files }: UploadedDeps): Promise<void> =>
  files.remove(keyOf(tenant, context)).catch(() => undefined);
