import { encode } from "uqr";
import { call } from "../api.ts";
import { el, form, paragraph, show } from "../dom.ts";
import { texts } from "../texts.ts";

const SVG = "http://www.w3.org/2000/svg";

/** A QR code as a picture, with the quiet zone that cameras want. */
function picture(text: string): SVGSVGElement {
  const { data, size } = encode(text, { border: 4 });
  const dark = data.flatMap((row, y) => row.flatMap((is, x) => (is ? [`M${x} ${y}h1v1h-1z`] : [])));
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", texts.enrol.picture);
  svg.setAttribute("class", "qr");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", dark.join(""));
  svg.append(path);
  return svg;
}

/** Sets an authenticator app up, shows the recovery codes once, and goes on. */
export async function enrol(lead: string, done: () => Promise<void>): Promise<void> {
  const { secret, otpauth_uri } = await call("auth.enrol_totp");
  show(
    texts.enrol.title,
    paragraph(lead),
    paragraph(texts.enrol.scan),
    picture(otpauth_uri),
    el("p", {}, texts.enrol.key, " ", el("code", {}, secret)),
    form(
      [{ name: "code", label: texts.enrol.code, autocomplete: "one-time-code", inputmode: "numeric" }],
      texts.enrol.activate,
      async ({ code }) => {
        const { recovery_codes } = await call("auth.activate_totp", { body: { code } });
        show(
          texts.enrol.keepTitle,
          paragraph(texts.enrol.keep),
          el("ul", { class: "codes" }, ...recovery_codes.map((one) => el("li", {}, el("code", {}, one)))),
          form([], texts.enrol.kept, done),
        );
      },
    ),
  );
}
