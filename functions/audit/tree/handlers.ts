import { auditEntrySchema } from "../../../shared/change/items.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { invalid } from "../../../shared/http/parse.ts";
import type { AuditDeps } from "../deps.ts";
import { evidenceFields } from "../store.ts";
import type { treeOperations } from "./operations.ts";
import { hashOf, LEAF_FORMAT, leafDataOf } from "./rules/evidence.ts";
import { consistencyRanges, type Hash, inclusionRanges } from "./rules/merkle.ts";
import { base64, headItem, numbersOf, rangeHashes, latestHead as readLatestHead } from "./store.ts";

type Ops = typeof treeOperations;

export const listHeads: Handler<Ops["listHeads"], AuditDeps> = ({ caller, query }, { table }) =>
  table.of(caller.organization.id).page(headItem, { of: {}, newest_first: true, ...query });

export const latestHead: Handler<Ops["latestHead"], AuditDeps> = async ({ caller }, { table }) => {
  const head = await readLatestHead(table.of(caller.organization.id));
  if (head === undefined) throw notFound();
  return head;
};

export const prove: Handler<Ops["prove"], AuditDeps> = async (call, { table }) => {
  const stored = await call.load();
  const tenant = table.of(call.context.tenant);
  const [sequence] = await numbersOf(tenant, [stored.id]);
  // Read after the number: what has one stands under a head.
  const head = sequence === undefined ? undefined : await readLatestHead(tenant);
  if (sequence === undefined || head === undefined)
    throw new Problem("conflict", "The entry has no number yet. Ask again in some seconds.");
  const path = await rangeHashes(tenant, inclusionRanges(sequence, head.size));
  return {
    head,
    sequence,
    format: LEAF_FORMAT,
    leaf_hash: base64(hashOf(leafDataOf(stored))),
    path: path.map(base64),
    entry: { ...auditEntrySchema.parse(stored), ...evidenceFields(stored) },
  };
};

export const proveConsistency: Handler<Ops["proveConsistency"], AuditDeps> = async ({ caller, query }, { table }) => {
  const tenant = table.of(caller.organization.id);
  const size = (await readLatestHead(tenant))?.size ?? 0;
  const { from, to = size } = query;
  if (to > size) throw invalid([{ path: "query.to", message: `is more than the ${size} entries of the newest head` }]);
  if (from > to) throw invalid([{ path: "query.from", message: "is more than to" }]);
  const [from_root, to_root, ...path] = await rangeHashes(tenant, [
    { from: 0, to: from },
    { from: 0, to },
    ...consistencyRanges(from, to),
  ]);
  const text = (hash: Hash = Buffer.alloc(0)) => base64(hash);
  return { from, from_root_hash: text(from_root), to, to_root_hash: text(to_root), path: path.map(base64) };
};

export const keys: Handler<Ops["keys"], AuditDeps> = async (_, { key }) => ({
  items: [{ ...(await key.public()), algorithm: "ECDSA_SHA_256" as const }],
});
