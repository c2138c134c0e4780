import { Refusal } from "./api.ts";
import { type Arrival, arrive } from "./arrival.ts";
import { el, paragraph, show, textButton } from "./dom.ts";
import { approval } from "./links/approval.ts";
import { confirmEmail } from "./links/confirm-email.ts";
import { domain } from "./links/domain.ts";
import { invitation } from "./links/invitation.ts";
import { operatorAccess } from "./links/operator-access.ts";
import { home, type Place } from "./links/place.ts";
import { register, verifyEmail } from "./links/register.ts";
import { resetPassword } from "./links/reset-password.ts";
import { transfer } from "./links/transfer.ts";
import { comeBack, forgetTrip, isReturn } from "./sign-in/provider.ts";
import { language, texts } from "./texts.ts";
import { toldToTheOther } from "./ways.ts";

/** Takes somebody back from a provider, to where they were, or has another tab go on. */
async function returned(arrival: Arrival): Promise<void> {
  if (toldToTheOther(arrival.query)) return;
  show(texts.signIn.title, paragraph(texts.moment));
  const left = await comeBack(arrival);
  if (left === undefined) throw new Refusal({ detail: texts.signIn.strange });
  history.replaceState(null, "", left.path);
  await open({ ...left, fragment: new URLSearchParams(left.fragment) });
}

/** The pages beside that to sign in, by their addresses. */
const pages: Readonly<Record<string, (place: Place) => Promise<void> | void>> = {
  "/register": register,
  "/verify-email": verifyEmail,
  "/reset-password": resetPassword,
  "/confirm-email": confirmEmail,
  "/invitation": invitation,
  "/domain": domain,
  "/organization/transfer": transfer,
  "/operator-accesses": operatorAccess,
  "/approvals": approval,
};

/** Pages of one thing of many, whose id stands behind. */
const OF_ONE = /^(\/operator-accesses|\/approvals)\/./;

/** Shows the page of an address. */
async function open(place: Place): Promise<void> {
  const page = pages[OF_ONE.exec(place.path)?.[1] ?? place.path];
  if (page === undefined) home();
  else await page(place);
}

async function start(): Promise<void> {
  document.documentElement.lang = language;
  const arrival = arrive();
  try {
    if (!isReturn(arrival)) forgetTrip();
    await (isReturn(arrival) ? returned(arrival) : open(arrival));
  } catch (error) {
    show(
      texts.failedTitle,
      el("p", { role: "alert", class: "alert" }, error instanceof Refusal ? error.message : texts.failed),
      textButton(texts.signIn.again, () => home()),
    );
  }
}

// A link that is opened where the page is open already changes what stands behind `#` only.
addEventListener("hashchange", () => void start());
void start();
