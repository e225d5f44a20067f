/** One event's variables in whatever template: computed once for all of a webhook's texts. */
import type { DeviceEvent } from "../core/device-event.ts";
import type { PlainEscapes } from "./json-template.ts";
import type { Templates } from "./template.ts";
import { objectVariables, templateVariables } from "./template-variables.ts";

export interface Rendering {
  /** A text that is no JSON. */
  text(template: string, escapes?: PlainEscapes): string;
  /** Throws an error with a sentence for the user when it gives no JSON. */
  json(template: string | object): string;
  /** The same with the keys of a target's JSON answer. */
  withAnswer(answer: string): Rendering;
}

/** `userId`: the account that claimed the device. */
export function renderingOf(event: DeviceEvent, userId: string | null, templates: Templates): Rendering {
  return rendering(templateVariables(event, userId), templates);
}

function rendering(variables: Readonly<Record<string, unknown>>, templates: Templates): Rendering {
  return {
    text: (template, escapes) => templates.text(template, variables, escapes),
    json: (template) => templates.json(template, variables),
    withAnswer: (answer) => rendering({ ...variables, ...objectVariables(answer) }, templates),
  };
}
