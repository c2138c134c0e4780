/** What other rooms may use of approvals. */

export { type ApprovalRequest, requestApproval } from "./asking/request.ts";
export { cancelOf } from "./ending/end.ts";
export { approvalEvents } from "./events.ts";
export { masked } from "./rules/masking.ts";
export { type Approval, approvalItem } from "./store.ts";
