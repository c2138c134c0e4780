import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { draft } from "../../../shared/change/events.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { rechecked } from "../../../shared/http/heartbeat.ts";
import { holding, leased, takeLease } from "../../../shared/limits/leases.ts";
import type { CopyFileDeps } from "../deps.ts";
import { auditEvents } from "../events.ts";
import { entryLine, lineText } from "../exports/rules/lines.ts";
import { inPieces } from "../exports/text.ts";
import { room } from "../room.ts";
import { keysByName } from "./keys.ts";
import { COPY_FILE } from "./model.ts";
import type { copyStreamOperations } from "./operations.ts";
import { keyIdsOf, openedLine, type PersonKey } from "./sealed.ts";

/** Lines whose keys are looked for together. */
const TOGETHER = 200;

/**
 * A copy with what is about persons, as far as they are not erased. It holds a place among the plan's streams like an export, and
 * leaves an entry before its first byte.
 */
export const downloadCopy: Handler<(typeof copyStreamOperations)["downloadCopy"], CopyFileDeps> = async (
  call,
  deps,
) => {
  const { table, clock, log, files } = deps;
  const { id, first, next, kept_days, sha256, object } = await call.load();
  const tenant = table.of(call.context.tenant);
  const { timeout_seconds } = room.functions.stream;
  const lease = await takeLease(tenant, call.caller.organization.plan, "streams", timeout_seconds, () => clock.now());
  return holding(lease, async () => {
    const bytes = await files.get(object);
    if (createHash("sha256").update(bytes).digest("hex") !== sha256)
      throw new Error(`the file of ${id} is another one`);
    const text = gunzipSync(bytes).toString("utf8");
    const keys = new Map<string, PersonKey>();
    const opened = async function* () {
      const lines = text.split("\n");
      for (let at = 0; at < lines.length; at += TOGETHER) {
        const some = lines.slice(at, at + TOGETHER).filter((line) => line !== "");
        const sealed = some.map((line) =>
          line.startsWith('{"line":"entry"') ? entryLine.parse(JSON.parse(line)) : line,
        );
        const wanted = sealed.flatMap((line) => (typeof line === "string" ? [] : keyIdsOf(line)));
        for (const [name, key] of await keysByName(
          tenant,
          wanted.filter((name) => !keys.has(name)),
          deps.secrets,
        ))
          keys.set(name, key);
        for (const line of sealed)
          yield typeof line === "string" ? `${line}\n` : lineText(openedLine(line, (name) => keys.get(name)));
      }
    };
    const name = `${first}-${next - 1}`;
    return call.commit(
      { writes: [], events: [draft(auditEvents, "audit.copy_downloaded", { id, name }, { copy_id: id, first, next })] },
      {
        content_type: COPY_FILE.content_type,
        filename: `audit_copy_${first}_${next - 1}_${kept_days}d.${COPY_FILE.extension}`,
        content: leased(
          lease,
          rechecked(call, () => inPieces(opened())),
          log,
        ),
      },
    );
  });
};
