import { describe, expect, it } from "vitest";
import { approvalMail } from "../../../functions/approvals/mails.ts";
import { htmlOf } from "../../../shared/mail/html.ts";

const about = {
  app_url: "https://app.example.com",
  token: "org_1.apr_1.usr_1.secret",
  organization_id: "org_1",
  organization: "Acme",
  again: false,
  started_by: "Ada",
  approval: {
    id: "apr_1",
    title: "Publish",
    message: "Shall <b>this</b> go out?\nIt is urgent.",
    pipeline_name: "Answers",
    required: 2,
  },
  until: "2026-05-01 10:20 UTC",
};

describe.each(["en", "de"] as const)("the mail to approvers, in %s", (language) => {
  it("says what it is about, who started it and until when, and leads to the page with the token behind #", () => {
    const { lines } = approvalMail[language](about);
    const text = lines.join("\n");
    for (const part of [
      "Publish",
      "> Shall <b>this</b> go out?",
      "> It is urgent.",
      "Answers",
      "Ada",
      "2026-05-01 10:20 UTC",
      "2",
    ])
      expect(text).toContain(part);
    expect(text).toContain(
      "https://app.example.com/approvals/apr_1#organization_id=org_1&token=org_1.apr_1.usr_1.secret",
    );
  });

  it("takes nothing that people wrote for markup, and leaves out what is not there", () => {
    const { subject, lines } = approvalMail[language](about);
    expect(htmlOf(subject, lines, language)).toContain("Shall &lt;b&gt;this&lt;/b&gt;");
    const bare = approvalMail[language]({ ...about, started_by: null, approval: { ...about.approval, message: null } });
    expect(bare.lines.join("\n")).not.toMatch(/null|Ada|>/);
  });

  it("says when it is a reminder", () => {
    const again = approvalMail[language]({ ...about, again: true });
    expect(again.subject).toMatch(/^(Reminder|Erinnerung): /);
    expect(again.subject).not.toBe(approvalMail[language](about).subject);
  });
});
