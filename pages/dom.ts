import { Refusal } from "./api.ts";
import { texts } from "./texts.ts";

type Child = Node | string | undefined | false;
type Properties = Readonly<Record<string, string | boolean | (() => void)>>;

/** An element with attributes (functions are listeners) and children. Texts are texts: no HTML is ever made of them. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

const main = (): HTMLElement => document.querySelector("main") ?? document.body;

/** Puts another screen in place of the one that is there, and says so to whoever does not see it. */
export function show(title: string, ...content: readonly Child[]): void {
  document.title = `${title} · Kaizen Studio`;
  const heading = el("h1", { tabindex: "-1" }, title);
  main().replaceChildren(heading, ...content.filter((child) => child !== undefined && child !== false));
  (main().querySelector<HTMLElement>("input:not([readonly]):not([hidden])") ?? heading).focus();
}

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly type?: "email" | "password" | "text";
  readonly autocomplete: string;
  readonly value?: string;
  readonly readonly?: boolean;
  readonly optional?: boolean;
  readonly hint?: string;
  readonly minlength?: number;
  readonly inputmode?: string;
}

function fieldOf({ name, label, type = "text", hint, value, minlength, inputmode, ...rest }: Field): HTMLElement {
  const id = `field-${name}`;
  const input = el("input", {
    id,
    name,
    type,
    autocomplete: rest.autocomplete,
    required: rest.optional !== true,
    readonly: rest.readonly === true,
    ...(value === undefined ? {} : { value }),
    ...(minlength === undefined ? {} : { minlength: String(minlength) }),
    ...(inputmode === undefined ? {} : { inputmode }),
    ...(type === "text" ? {} : { autocapitalize: "none", spellcheck: "false" }),
    ...(hint === undefined ? {} : { "aria-describedby": `${id}-hint` }),
  });
  return el(
    "div",
    { class: "field" },
    el("label", { for: id }, label),
    input,
    hint !== undefined && el("small", { id: `${id}-hint` }, hint),
  );
}

const messageOf = (error: unknown): string => (error instanceof Refusal ? error.message : texts.failed);

/** What went wrong, announced as it comes. */
export function alertRegion(): HTMLElement {
  return el("p", { role: "alert", class: "alert" });
}

/**
 * A form whose values go to `work`. While that runs nothing is sent again; what it throws is shown, and the first field
 * that is named there gets the focus.
 */
export function form(
  fields: readonly Field[],
  action: string,
  work: (values: Readonly<Record<string, string>>) => Promise<void>,
): HTMLFormElement {
  const alert = alertRegion();
  const button = el("button", { type: "submit" }, action);
  const element = el("form", {}, ...fields.map(fieldOf), alert, button);
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    const values = Object.fromEntries([...new FormData(element)].map(([name, value]) => [name, String(value)]));
    void busy(button, alert, async () => {
      for (const input of element.querySelectorAll("input")) input.removeAttribute("aria-invalid");
      try {
        await work(values);
      } catch (error) {
        const wrong = error instanceof Refusal ? error.issues.map(({ path }) => path) : [];
        const inputs = [...element.querySelectorAll("input")];
        const first = inputs.find(({ name }) => wrong.includes(name)) ?? inputs.findLast((input) => !input.readOnly);
        if (first !== undefined && wrong.includes(first.name)) first.setAttribute("aria-invalid", "true");
        first?.focus();
        throw error;
      }
    });
  });
  return element;
}

/** A button that does something; what goes wrong is said beside it. */
export function action(label: string, work: () => Promise<void> | void, kind = "secondary"): HTMLElement {
  const alert = alertRegion();
  const button = el("button", { type: "button", class: kind, click: () => void busy(button, alert, work) }, label);
  return el("div", { class: "action" }, alert, button);
}

async function busy(button: HTMLButtonElement, alert: HTMLElement, work: () => Promise<void> | void): Promise<void> {
  if (button.getAttribute("aria-busy") === "true") return;
  alert.textContent = "";
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (error) {
    alert.textContent = messageOf(error);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

export const paragraph = (text: string, kind = ""): HTMLElement => el("p", kind === "" ? {} : { class: kind }, text);

export const link = (href: string, text: string): HTMLElement => el("a", { href }, text);

/** Something to press that looks like a link. */
export const textButton = (label: string, work: () => void): HTMLElement =>
  el("button", { type: "button", class: "plain", click: work }, label);
