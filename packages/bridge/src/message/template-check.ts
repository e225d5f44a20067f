/**
 * Judges a template when it is saved, so that a slip is told once and not by every event: what is not closed, what is not
 * supported, and a text that gives no JSON whatever its variables hold.
 */
import Mustache from "mustache";
import { jsonFaultAt } from "./json-fault.ts";
import { JsonTemplates } from "./json-template.ts";

/** A token as Mustache parses it: kind, text or name, start, end, and the tokens inside a section. */
type Token = readonly [kind: string, name: string, start: number, end: number, inside?: readonly Token[] | string];

export interface TemplateFault {
  /** Names from the template's root to the faulty text. */
  readonly path: readonly string[];
  readonly reason: string;
}

/** Sections whose combinations are all tried; a template with more is believed. */
const MAX_SECTIONS = 5;

/** `null` for a template that can be rendered. */
export function templateFault(template: string | object): TemplateFault | null {
  if (typeof template === "string") return textFault(template) ?? jsonFault(template);
  return eachText(template, []);
}

/** `null` for a text that Mustache can render; the reason otherwise. */
export function mustacheFault(text: string): string | null {
  return textFault(text)?.reason ?? null;
}

function eachText(value: unknown, path: readonly string[]): TemplateFault | null {
  if (typeof value === "string") {
    const fault = textFault(value);
    return fault === null ? null : { ...fault, path };
  }
  if (typeof value !== "object" || value === null) return null;
  for (const [name, inner] of Object.entries(value)) {
    const fault = eachText(inner, [...path, name]);
    if (fault !== null) return fault;
  }
  return null;
}

function textFault(text: string): TemplateFault | null {
  try {
    const partial = allTokens(parse(text)).find(([kind]) => kind === ">");
    if (partial === undefined) return null;
    return { path: [], reason: `a partial at character ${partial[2] + 1}: templates cannot include others` };
  } catch (error) {
    return { path: [], reason: sentence(error instanceof Error ? error.message : "") };
  }
}

/** Mustache's own words, without what the user wrote. */
function sentence(message: string): string {
  const [, where = ""] = / at (\d+)$/.exec(message) ?? [];
  const place = where === "" ? "" : ` at character ${Number(where) + 1}`;
  if (message.startsWith("Unclosed tag")) return "a tag is not closed";
  if (message.startsWith("Unclosed section")) return `a section is not closed${place}`;
  if (message.startsWith("Unopened section")) return `a section that is not open is closed${place}`;
  return "it cannot be read";
}

/** Tries a text with values of every kind and its sections on and off: if none gives JSON, no event will. */
function jsonFault(template: string): TemplateFault | null {
  const tokens = parse(template);
  const sections = [...new Set(allTokens(tokens).flatMap(([kind, name]) => (isSection(kind) ? [name] : [])))];
  if (sections.length > MAX_SECTIONS) return null;
  const templates = new JsonTemplates();
  for (const value of [1, "x", undefined]) {
    for (let chosen = 0; chosen < 2 ** sections.length; chosen += 1) {
      const on = sections.filter((_, i) => (chosen & (1 << i)) !== 0);
      if (jsonFaultAt(templates.text(template, new Probe(sections, on, value))) === null) return null;
    }
  }
  const all = new Probe(sections, sections, 1);
  const at = jsonFaultAt(templates.text(template, all)) ?? 0;
  return { path: [], reason: `it gives no JSON, whatever the event: ${templates.place(template, all, at)}` };
}

/** Variables of which all are the same value, and sections that are chosen. */
class Probe extends Mustache.Context {
  readonly #sections: ReadonlySet<string>;
  readonly #on: ReadonlySet<string>;
  readonly #value: unknown;

  constructor(sections: readonly string[], on: readonly string[], value: unknown) {
    super({});
    this.#sections = new Set(sections);
    this.#on = new Set(on);
    this.#value = value;
  }

  override push(): Probe {
    return this;
  }

  override lookup(name: string): unknown {
    if (this.#on.has(name)) return true;
    return this.#sections.has(name) ? undefined : this.#value;
  }
}

function isSection(kind: string): boolean {
  return kind === "#" || kind === "^";
}

function allTokens(tokens: readonly Token[]): readonly Token[] {
  return tokens.flatMap((token) => [
    token,
    ...(Array.isArray(token[4]) ? allTokens(token[4] as readonly Token[]) : []),
  ]);
}

/** By a writer of its own: Mustache's shared one would keep every template for ever. */
function parse(text: string): readonly Token[] {
  return new Mustache.Writer().parse(text) as unknown as readonly Token[];
}
