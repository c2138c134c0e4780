import { template } from "../../../shared/mail/template.ts";

interface Handing {
  readonly organization: string;
  readonly from: string;
}
type Between = Handing & { readonly to: string };
type InApi = { readonly organization_id: string };

/** To whoever is asked to take an organization over. */
export const askedMail = template<Handing & InApi & { readonly app_url: string }>({
  en: ({ organization, from, organization_id, app_url }) => ({
    subject: `Take over ${organization} at Kaizen Studio`,
    lines: [
      `${from} wants to hand the organization ${organization} over to you: you would be its owner.`,
      "",
      `Sign in and answer within seven days: ${app_url}/organization/transfer#organization_id=${organization_id}`,
      `or POST /api/v1/organizations/${organization_id}/transfer/accept (or …/decline).`,
    ],
  }),
  de: ({ organization, from, organization_id, app_url }) => ({
    subject: `Übernehmen Sie ${organization} bei Kaizen Studio`,
    lines: [
      `${from} möchte Ihnen die Organisation ${organization} übergeben: Sie gehörte dann Ihnen.`,
      "",
      `Melden Sie sich an und antworten Sie innerhalb von sieben Tagen: ${app_url}/organization/transfer#organization_id=${organization_id}`,
      `oder POST /api/v1/organizations/${organization_id}/transfer/accept (oder …/decline).`,
    ],
  }),
});

/** To the owners, when somebody was asked. `to` is name and address. */
export const aboutToChangeMail = template<Between & InApi>({
  en: ({ organization, from, to, organization_id }) => ({
    subject: `${organization} is about to change hands`,
    lines: [
      `${from} has asked ${to} to take over the organization ${organization}.`,
      "",
      `An owner can withdraw it: DELETE /api/v1/organizations/${organization_id}/transfer`,
    ],
  }),
  de: ({ organization, from, to, organization_id }) => ({
    subject: `${organization} soll in andere Hände kommen`,
    lines: [
      `${from} hat ${to} gebeten, die Organisation ${organization} zu übernehmen.`,
      "",
      `Wem sie gehört, kann das zurückziehen: DELETE /api/v1/organizations/${organization_id}/transfer`,
    ],
  }),
});

/** To the owners, when it was taken over. */
export const changedHandsMail = template<Between>({
  en: ({ organization, from, to }) => ({
    subject: `${organization} has changed hands`,
    lines: [`${to} has taken over the organization ${organization} from ${from}.`],
  }),
  de: ({ organization, from, to }) => ({
    subject: `${organization} ist in anderen Händen`,
    lines: [`${to} hat die Organisation ${organization} von ${from} übernommen.`],
  }),
});
