/**
 * Mustache for JSON. What a device sends must never change the shape of the message: inside a template's quotes a value
 * is escaped as JSON text, outside of them it is one whole JSON value, with two braces and with three alike. So no data
 * can end a string, or add a name beside the template's own.
 */
import Mustache from "mustache";
import { Recent } from "../core/recent.ts";
import { isJson } from "./template-variables.ts";

/** Steps that one rendering may take: nested sections over a list multiply. */
const MAX_STEPS = 20_000;
/** Characters of rendered text. More could never be sent. */
const MAX_RENDERED = 256 * 1024;
/** Parsed templates kept: Mustache's own cache would keep every template for ever. */
const MAX_PARSED = 500;

type ParsedTemplates = Recent<string, unknown>;

/** Looks at own properties only: a name like `constructor` finds nothing. */
class OwnProperties extends Mustache.Context {
  readonly #view: unknown;
  readonly #parent: OwnProperties | undefined;

  constructor(view: unknown, parent?: OwnProperties) {
    super(view, parent);
    this.#view = view;
    this.#parent = parent;
  }

  override push(view: unknown): OwnProperties {
    return new OwnProperties(view, this);
  }

  override lookup(name: string): unknown {
    if (name === ".") return this.#view;
    // The innermost section that has it decides; a name with dots is looked up whole.
    const found = valueAt(this.#view, name.split("."));
    return found === undefined ? this.#parent?.lookup(name) : found;
  }
}

/** Counts what it writes, so that no template can keep the process busy. */
class BoundedWriter extends Mustache.Writer {
  #steps = 0;
  #length = 0;

  constructor(parsed: ParsedTemplates) {
    super();
    // Not in the type declarations; the only way to a cache that is not the module's own.
    (this as unknown as { templateCache: ParsedTemplates }).templateCache = parsed;
  }

  override renderTokens(...args: Parameters<Mustache.Writer["renderTokens"]>): string {
    this.#steps += 1 + args[0].length;
    if (this.#steps > MAX_STEPS) throw new Error("The template takes too many steps: its sections multiply.");
    return super.renderTokens(...args);
  }

  override rawValue(token: string[]): string {
    return this.write(token[1]!);
  }

  override escapedValue(token: string[], context: Mustache.Context): string {
    return this.write(this.valueText(context.lookup(token[1]!)));
  }

  override unescapedValue(token: string[], context: Mustache.Context): string {
    return this.escapedValue(token, context);
  }

  protected write(text: string): string {
    this.#length += text.length;
    if (this.#length > MAX_RENDERED) throw new Error("The rendered template is larger than 256 KB.");
    return text;
  }

  protected valueText(value: unknown): string {
    return textOf(value);
  }
}

/** How values stand in a text that is no JSON: behind two braces and behind three. */
export interface PlainEscapes {
  readonly escape?: (text: string) => string;
  readonly raw?: (text: string) => string;
}

class PlainWriter extends BoundedWriter {
  readonly #escapes: PlainEscapes;

  constructor(parsed: ParsedTemplates, escapes: PlainEscapes) {
    super(parsed);
    this.#escapes = escapes;
  }

  override escapedValue(token: string[], context: Mustache.Context): string {
    const { escape = (text: string) => text } = this.#escapes;
    return this.write(escape(this.valueText(context.lookup(token[1]!))));
  }

  override unescapedValue(token: string[], context: Mustache.Context): string {
    const { raw = (text: string) => text } = this.#escapes;
    return this.write(raw(this.valueText(context.lookup(token[1]!))));
  }
}

/** Knows whether the text so far ends inside a JSON string. Values never change that, only the template's own text does. */
class JsonWriter extends BoundedWriter {
  #inString = false;
  #escaped = false;

  override rawValue(token: string[]): string {
    for (const character of token[1]!) {
      if (this.#escaped) this.#escaped = false;
      else if (character === '"') this.#inString = !this.#inString;
      else if (character === "\\") this.#escaped = this.#inString;
    }
    return super.rawValue(token);
  }

  protected override valueText(value: unknown): string {
    if (value === undefined || value === null) return this.#inString || value === undefined ? "" : "null";
    const text = textOf(value);
    if (this.#inString) return JSON.stringify(text).slice(1, -1);
    return isJson(text) ? text : JSON.stringify(text);
  }
}

/** Remembers which part of the template wrote what. */
class PlacingWriter extends JsonWriter {
  readonly #sought: number;
  #at = 0;
  #place = "it ends too early";

  constructor(parsed: ParsedTemplates, sought: number) {
    super(parsed);
    this.#sought = sought;
  }

  get place(): string {
    return this.#place;
  }

  override rawValue(token: string[]): string {
    const text = super.rawValue(token);
    const within = this.#sought - this.#at;
    if (within >= 0 && within < text.length) this.#place = `at character ${Number(token[2]) + within + 1}`;
    this.#at += text.length;
    return text;
  }

  override escapedValue(token: string[], context: Mustache.Context): string {
    const text = super.escapedValue(token, context);
    if (this.#sought >= this.#at && this.#sought < this.#at + text.length) {
      this.#place = `with the value of {{${token[1]}}} at character ${Number(token[2]) + 1}`;
    }
    this.#at += text.length;
    return text;
  }
}

export class JsonTemplates {
  readonly #parsed: ParsedTemplates = new Recent(MAX_PARSED);

  /** The part of a text template that wrote the character at an offset of what `text` gave. */
  place(template: string, variables: object, offset: number): string {
    const writer = new PlacingWriter(this.#parsed, offset);
    writer.render(template, contextOf(variables));
    return writer.place;
  }

  /** Renders a template that is JSON text itself. */
  text(template: string, variables: object): string {
    return new JsonWriter(this.#parsed).render(template, contextOf(variables));
  }

  /** Renders a text that is no JSON, as an address or a header. */
  plain(template: string, variables: object, escapes: PlainEscapes): string {
    return new PlainWriter(this.#parsed, escapes).render(template, contextOf(variables));
  }

  /** Renders the strings in an object; their places need no escaping. Throws when it takes too long or gets too large. */
  object(template: object, variables: object): string {
    const writer = new BoundedWriter(this.#parsed);
    const context = contextOf(variables);
    return JSON.stringify(mapStrings(template, (text) => writer.render(text, context)));
  }
}

function contextOf(variables: object): Mustache.Context {
  return variables instanceof Mustache.Context ? variables : new OwnProperties(variables);
}

function mapStrings(value: unknown, render: (text: string) => string): unknown {
  if (typeof value === "string") return render(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, render));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapStrings(item, render)]));
}

function valueAt(view: unknown, path: readonly string[]): unknown {
  let value = view;
  for (const name of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}
