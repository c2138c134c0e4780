import { template } from "../../shared/mail/template.ts";

interface About {
  readonly app_url: string;
  /** What has become of it. */
  readonly step: string;
  readonly organization: string;
  readonly id: string;
  readonly organization_id: string;
  readonly operator: string;
  readonly approver: string;
  readonly reason: string;
  readonly minutes: number;
  readonly permissions: string;
}

const english: Readonly<Record<string, (about: About) => string>> = {
  asked: ({ operator, organization }) => `${operator}, who runs the platform, asks for an access to ${organization}.`,
  approved: ({ operator, approver, organization, minutes }) =>
    `${approver} has approved that ${operator}, who runs the platform, has access to ${organization} for ${minutes} minutes.`,
  used: ({ operator, organization }) =>
    `${operator}, who runs the platform, has begun to use the access to ${organization}.`,
  revoked: ({ operator, organization }) =>
    `The access of ${operator}, who runs the platform, to ${organization} was revoked.`,
  expired: ({ operator, organization }) =>
    `${operator}, who runs the platform, has asked for an access to ${organization}; nobody has approved it in time.`,
  ended: ({ operator, organization }) =>
    `The access of ${operator}, who runs the platform, to ${organization} is over.`,
};

const german: Readonly<Record<string, (about: About) => string>> = {
  asked: ({ operator, organization }) => `${operator} vom Betrieb der Plattform bittet um Zugang zu ${organization}.`,
  approved: ({ operator, approver, organization, minutes }) =>
    `${approver} hat genehmigt, dass ${operator} vom Betrieb der Plattform ${minutes} Minuten lang Zugang zu ${organization} hat.`,
  used: ({ operator, organization }) =>
    `${operator} vom Betrieb der Plattform hat begonnen, den Zugang zu ${organization} zu nutzen.`,
  revoked: ({ operator, organization }) =>
    `Der Zugang von ${operator} vom Betrieb der Plattform zu ${organization} wurde widerrufen.`,
  expired: ({ operator, organization }) =>
    `${operator} vom Betrieb der Plattform hat um Zugang zu ${organization} gebeten; niemand hat ihn rechtzeitig genehmigt.`,
  ended: ({ operator, organization }) =>
    `Der Zugang von ${operator} vom Betrieb der Plattform zu ${organization} ist beendet.`,
};

/** A step of an operator's access, to the owners of the organization. */
export const accessMail = template<About>({
  en: (about) => ({
    subject: `Access of the platform's operators to ${about.organization}: ${about.step}`,
    lines: [
      english[about.step]?.(about) ?? about.step,
      "",
      `Their reason: ${about.reason}`,
      `Minutes: ${about.minutes}`,
      `What it gives: ${about.permissions}`,
      "",
      `What is done by it stands in your audit trail. An owner can end it at any time: ${about.app_url}/operator-accesses/${about.id}#organization_id=${about.organization_id}`,
      `or POST /api/v1/operator-accesses/${about.id}/revoke`,
    ],
  }),
  de: (about) => ({
    subject: `Zugang des Plattformbetriebs zu ${about.organization}: ${germanStep[about.step] ?? about.step}`,
    lines: [
      german[about.step]?.(about) ?? about.step,
      "",
      `Begründung: ${about.reason}`,
      `Minuten: ${about.minutes}`,
      `Was er erlaubt: ${about.permissions}`,
      "",
      `Was damit geschieht, steht in Ihrem Prüfprotokoll. Inhaber können ihn jederzeit beenden: ${about.app_url}/operator-accesses/${about.id}#organization_id=${about.organization_id}`,
      `oder POST /api/v1/operator-accesses/${about.id}/revoke`,
    ],
  }),
});

const germanStep: Readonly<Record<string, string>> = {
  asked: "erbeten",
  approved: "genehmigt",
  used: "genutzt",
  revoked: "widerrufen",
  expired: "nicht genehmigt",
  ended: "beendet",
};
