import { type Asking, requireAlso } from "../../../shared/http/permit.ts";
import type { TargetKind } from "../model.ts";

/** Asks for the permission on what a suite is of: the operation lets through whoever has it for either. @throws Problem `forbidden` */
export const requireOn = <A extends "read" | "update" | "execute">(
  call: Asking<`${TargetKind}s:${A}`>,
  kind: TargetKind,
  action: A,
): void => requireAlso(call, `${kind}s:${action}`);
