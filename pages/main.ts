import { account } from "./account.ts";
import { Refusal } from "./api.ts";
import { type Arrival, arrive } from "./arrival.ts";
import { el, paragraph, show, textButton } from "./dom.ts";
import { comeBack, isReturn } from "./sign-in/provider.ts";
import { goOn, signIn } from "./sign-in/sign-in.ts";
import { language, texts } from "./texts.ts";

/** Takes somebody back from their company's provider, to where they were. */
async function returned(arrival: Arrival): Promise<void> {
  show(texts.signIn.title, paragraph(texts.moment));
  const left = await comeBack(arrival);
  if (left === undefined) throw new Refusal({ detail: texts.signIn.strange });
  history.replaceState(null, "", left.path);
  await open({ ...left, fragment: new URLSearchParams(left.fragment) }, true);
}

/** Shows the page of an address. */
async function open({ path, fragment }: Pick<Arrival, "path" | "fragment">, signedIn: boolean): Promise<void> {
  const goal = { left: { path, fragment: fragment.toString() }, done: account };
  if (signedIn) await goOn(goal);
  else signIn(goal);
}

async function start(): Promise<void> {
  document.documentElement.lang = language;
  const arrival = arrive();
  try {
    await (isReturn(arrival) ? returned(arrival) : open(arrival, false));
  } catch (error) {
    show(
      texts.failedTitle,
      el("p", { role: "alert", class: "alert" }, error instanceof Refusal ? error.message : texts.failed),
      textButton(texts.signIn.again, () => void open({ path: "/sign-in", fragment: new URLSearchParams() }, false)),
    );
  }
}

void start();
