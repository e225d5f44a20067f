/**
 * Payload templates with the device cloud's variables. An object template renders its string values; a text template is
 * rendered whole, so numbers and objects can stand unquoted. The result must be JSON either way.
 */
import { jsonFaultAt } from "./json-fault.ts";
import { JsonTemplates, type PlainEscapes } from "./json-template.ts";
import { isJson } from "./template-variables.ts";

/** Bytes of rendered text. More could never be sent. */
const MAX_RENDERED = 256 * 1024;

/** Renders templates for events; keeps parsed templates. */
export class Templates {
  readonly #templates = new JsonTemplates();

  /** Throws an error with a sentence for the user when the template does not give JSON with these variables. */
  json(template: string | object, variables: object): string {
    const rendered =
      typeof template === "string"
        ? this.#templates.text(template, variables)
        : this.#templates.object(template, variables);
    if (Buffer.byteLength(rendered) > MAX_RENDERED) throw new Error("The rendered template is larger than 256 KB.");
    if (!isJson(rendered)) throw new Error(this.#fault(template, variables, rendered));
    return rendered;
  }

  /** A text that is no JSON: a message property, an address, a header. Values stand as they are unless `escapes` says otherwise. */
  text(template: string, variables: object, escapes: PlainEscapes = {}): string {
    return this.#templates.plain(template, variables, escapes);
  }

  /** Where the fault lies, in places of the template: what was rendered holds the event's data, and reasons are logged. */
  #fault(template: string | object, variables: object, rendered: string): string {
    const what = "The rendered template is not valid JSON";
    const at = jsonFaultAt(rendered);
    if (typeof template !== "string" || at === null) return `${what}.`;
    return `${what}: ${this.#templates.place(template, variables, at)}.`;
  }
}
