import { connectFiles } from "../../../shared/blobs/files.ts";
import { readSettings } from "../../../shared/config/settings.ts";
import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectKmsKey } from "../../../shared/signing/kms.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { certifier } from "../erasure/certificate.ts";
import { eraseOrganization } from "../erasure/erase.ts";
import { organizationErasure } from "../erasure/store.ts";

const { table, clock, log } = connectWorker("organizations-erasure");
const { BUCKET_NAME, PROOF_KEY_ARN } = readSettings(["BUCKET_NAME", "PROOF_KEY_ARN"]);
const deps = {
  table,
  clock,
  files: connectFiles(BUCKET_NAME).files,
  certify: certifier(connectKmsKey(PROOF_KEY_ARN)),
  budget: () => {
    const end = performance.now() + 200_000;
    return () => performance.now() < end;
  },
};
const works = { [organizationErasure.kind]: (due: Due) => eraseOrganization(due, deps) };

export const handler = consumeMessages(log, dueWorker(table, works));
