import type { FileAnswer } from "../../../shared/http/operation.ts";
import { escaped, page } from "../flow/page.ts";
import type { TrialResult } from "../model.ts";

const ACCOUNTS = {
  known: "Known: this person has signed in here before.",
  linked: "There is an account with this address; it would be linked.",
  new: "None yet: one would be made.",
} as const;

const JOINS = {
  invitation: "by their invitation",
  domain: "by the domain of their address",
  sso: "by this connection",
} as const;

const row = (name: string, value: string): string => `<dt>${escaped(name)}</dt>\n<dd>${escaped(value)}</dd>`;

function claimRows({ claims }: TrialResult): string {
  if (claims === null) return "<p>The provider has not said who somebody is.</p>";
  const { subject, email, email_verified, name, groups } = claims;
  return `<dl>
${[
  row("Subject", subject),
  row("E-mail", email ?? "not said"),
  row("E-mail verified", email_verified ? "yes" : "no"),
  row("Name", name === "" ? "not said" : name),
  row("Groups", groups === null ? "not said" : groups.length === 0 ? "none" : groups.join(", ")),
].join("\n")}
</dl>`;
}

function decisionRows({
  explanation,
  reason,
  account,
  joins_via,
  role,
  enters_teams,
  leaves_teams,
}: TrialResult): string {
  if (reason !== null) return `<p>${escaped(explanation ?? "")}</p>\n<p><small>${escaped(reason)}</small></p>`;
  return `<dl>
${[
  row("Account", account === null ? "" : ACCOUNTS[account]),
  row("Membership", joins_via === null ? "A member already." : `They would join ${JOINS[joins_via]}.`),
  row("Role", role ?? ""),
  ...(enters_teams.length === 0 ? [] : [row("Teams entered", enters_teams.join(", "))]),
  ...(leaves_teams.length === 0 ? [] : [row("Teams left", leaves_teams.join(", "))]),
].join("\n")}
</dl>`;
}

/** What came of a trial, for the administrator who made it. */
export const trialPage = (result: TrialResult): FileAnswer<"text/html; charset=utf-8"> =>
  page(
    "Trial of a sign-in",
    `<h1>${result.outcome === "signed_in" ? "This person would be signed in" : "This person would not be let in"}</h1>
<p>This was a trial: nobody was signed in, and nothing was changed.</p>
<h2>What the provider said</h2>
${claimRows(result)}
<h2>What a sign-in would do</h2>
${decisionRows(result)}`,
  );
