import { call, Refusal } from "../api.ts";
import type { Approval, LinkedApproval } from "../calls.ts";
import { action, el, paragraph, show } from "../dom.ts";
import { texts } from "../texts.ts";
import { deadLink, done, type Place, signedIn, tokenOf, withToken } from "./place.ts";

/** Says yes or no, with a comment that may be empty where it is a yes. */
type Decide = (decision: "approved" | "rejected", comment: string) => Promise<Approval>;

/** By what the API says that a link alone is not enough here. */
const ASKS_MORE = ["sign_in_required", "address_not_allowed"];

/** A run asks people: what it is about, and a way to decide, by the mail's link alone or signed in. */
export async function approval(place: Place): Promise<void> {
  const token = tokenOf(place);
  if (token === "") return asMember(place, texts.approval.first);
  const dead = () => deadLink(texts.approval.dead);
  try {
    const about = await withToken(texts.approval.dead, call("approvals.look_up", { body: { token } }), dead);
    if (about === undefined) return;
    screen(about, (decision, comment) =>
      call("approvals.decide_by_link", { body: { token, decision, ...said(comment) } }),
    );
  } catch (error) {
    if (!(error instanceof Refusal && ASKS_MORE.includes(error.code))) throw error;
    await asMember(place, error.message);
  }
}

const said = (comment: string): { comment?: string } => (comment === "" ? {} : { comment });

const asMember = (place: Place, lead: string): Promise<void> =>
  signedIn(place, lead, async () => {
    const organization_id = place.fragment.get("organization_id");
    const there = {
      path: { approval_id: place.path.split("/").at(-1) ?? "" },
      ...(organization_id === null ? {} : { organization_id }),
    };
    const about = await withToken(texts.approval.elsewhere, call("approvals.get", there));
    if (about === undefined) return;
    screen(about, (decision, comment) =>
      call(decision === "approved" ? "approvals.approve" : "approvals.reject", { ...there, body: said(comment) }),
    );
  });

function screen(about: Approval | LinkedApproval, decide: Decide): void {
  show(
    about.title,
    about.message !== null && el("blockquote", {}, about.message),
    el("dl", {}, ...facts(about)),
    el("h2", {}, texts.approval.payload),
    el("pre", { tabindex: "0" }, JSON.stringify(about.payload, null, 2)),
    ...(about.decisions.length === 0
      ? []
      : [el("h2", {}, texts.approval.decisions), el("ul", { class: "rows" }, ...about.decisions.map(row(about)))]),
    ...(about.may_decide ? ways(decide) : [paragraph(texts.approval.notYours, "foot")]),
  );
}

const nameOf = ({ people }: Approval, id: string): string => people.find((one) => one.id === id)?.name ?? id;

function facts(about: Approval | LinkedApproval): HTMLElement[] {
  const { pipeline_name, requested_by, required, expires_at, status } = about;
  const known = about.people.find(({ id }) => id === (requested_by.on_behalf_of ?? requested_by).id);
  return [
    ...("email" in about
      ? [
          [texts.approval.organization, about.organization_name],
          [texts.approval.you, about.email],
        ]
      : []),
    [texts.approval.pipeline, pipeline_name],
    ...(known === undefined ? [] : [[texts.approval.startedBy, known.name]]),
    ...(required === 1 ? [] : [[texts.approval.required, String(required)]]),
    [texts.approval.status, texts.approval.statuses[status] ?? status],
    [texts.approval.until, new Date(expires_at).toLocaleString()],
  ].flatMap(([term = "", text = ""]) => [el("dt", {}, term), el("dd", {}, text)]);
}

const row =
  (about: Approval) =>
  ({ user_id, decision, comment, at }: Approval["decisions"][number]): HTMLElement =>
    el(
      "li",
      {},
      el(
        "span",
        {},
        `${nameOf(about, user_id)}: ${texts.approval.words[decision] ?? decision}`,
        comment !== null && el("small", {}, comment),
        el("small", {}, new Date(at).toLocaleString()),
      ),
    );

/** Nothing is decided until one of the buttons is pressed. */
function ways(decide: Decide): HTMLElement[] {
  const input = el("textarea", { id: "field-comment", name: "comment", rows: "3", maxlength: "2000" });
  const press = async (decision: "approved" | "rejected"): Promise<void> => {
    const comment = input.value.trim();
    if (decision === "rejected" && comment === "") {
      input.focus();
      throw new Refusal({ detail: texts.approval.sayWhy });
    }
    const decided = await withToken(texts.approval.dead, decide(decision, comment));
    if (decided === undefined) return;
    const title = decision === "approved" ? texts.approval.approvedTitle : texts.approval.rejectedTitle;
    const given = decided.decisions.filter((one) => one.decision === "approved").length;
    done(title, decided.status === "pending" ? texts.approval.more(given, decided.required) : texts.approval.over);
  };
  return [
    el(
      "div",
      { class: "field part" },
      el("label", { for: "field-comment" }, texts.approval.comment),
      input,
      el("small", {}, texts.approval.commentHint),
    ),
    action(texts.approval.approve, () => press("approved"), ""),
    action(texts.approval.reject, () => press("rejected")),
  ];
}
