import { template } from "../../shared/mail/template.ts";
import { cutText } from "../../shared/text.ts";
import type { ApprovalRecord } from "./model.ts";

interface About {
  readonly app_url: string;
  readonly token: string;
  readonly organization_id: string;
  readonly organization: string;
  /** Not the first mail about it. */
  readonly again: boolean;
  /** null where it is nobody who could be named. */
  readonly started_by: string | null;
  readonly approval: Pick<ApprovalRecord, "id" | "title" | "message" | "pipeline_name" | "required">;
  /** To the minute, in UTC: nobody has said where they live. */
  readonly until: string;
}

/** The page shows a message whole. */
const MESSAGE = 1_000;

const quoted = ({ message }: About["approval"]): string[] =>
  message === null
    ? []
    : [
        ...cutText(message, MESSAGE)
          .split(/\r?\n/)
          .map((line) => `> ${line}`),
        "",
      ];

const linkOf = ({ app_url, token, organization_id, approval }: About): string =>
  `${app_url}/approvals/${approval.id}#organization_id=${organization_id}&token=${token}`;

/** Somebody is asked to decide. */
export const approvalMail = template<About>({
  en: (about) => ({
    subject: `${about.again ? "Reminder: " : ""}${about.organization} asks for your approval: ${about.approval.title}`,
    lines: [
      about.again
        ? `"${about.approval.title}" still waits for an approval. You may decide.`
        : `"${about.approval.title}" waits for an approval, and you may decide.`,
      "",
      ...quoted(about.approval),
      `Organization: ${about.organization}`,
      `Pipeline: ${about.approval.pipeline_name}`,
      ...(about.started_by === null ? [] : [`Started by: ${about.started_by}`]),
      ...(about.approval.required === 1 ? [] : [`Approvals that it takes: ${about.approval.required}`]),
      `Decide until: ${about.until}`,
      "",
      `See what it is about, and approve or reject: ${linkOf(about)}`,
      "",
      "The link is yours alone: whoever has it decides in your name. Do not forward this mail.",
    ],
  }),
  de: (about) => ({
    subject: `${about.again ? "Erinnerung: " : ""}${about.organization} bittet um Ihre Freigabe: ${about.approval.title}`,
    lines: [
      about.again
        ? `„${about.approval.title}“ wartet noch auf eine Freigabe. Sie dürfen entscheiden.`
        : `„${about.approval.title}“ wartet auf eine Freigabe, und Sie dürfen entscheiden.`,
      "",
      ...quoted(about.approval),
      `Organisation: ${about.organization}`,
      `Pipeline: ${about.approval.pipeline_name}`,
      ...(about.started_by === null ? [] : [`Gestartet von: ${about.started_by}`]),
      ...(about.approval.required === 1 ? [] : [`So viele müssen freigeben: ${about.approval.required}`]),
      `Entscheiden bis: ${about.until}`,
      "",
      `Hier steht, worum es geht; freigeben oder ablehnen: ${linkOf(about)}`,
      "",
      "Der Link gehört nur Ihnen: Wer ihn hat, entscheidet in Ihrem Namen. Leiten Sie diese Mail nicht weiter.",
    ],
  }),
});
