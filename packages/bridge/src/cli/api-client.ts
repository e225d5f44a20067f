/** The server's HTTP API as commands use it: JSON in, JSON out, every refusal a `CommandFailure`. */
import { CommandFailure } from "./command-failure.ts";
import type { ServerSettings } from "./server-settings.ts";

export type Json = Readonly<Record<string, unknown>>;
type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface ApiClient {
  /** The answer's JSON; an empty object for an empty answer. */
  call(method: Method, path: string, body?: Json): Promise<Json>;
  /** As `call`, where the answer is a bare array. */
  list(path: string): Promise<readonly Json[]>;
  /** The answer's bytes as they come. */
  download(path: string): Promise<ReadableStream>;
  /** The answer's lines as they come, until the server or the signal ends it. */
  lines(path: string): AsyncIterable<string>;
}

/** Long enough for a test of a hub that does not answer. */
const ANSWER_WITHIN_MS = 60_000;

const NEXT_STEPS: Readonly<Record<number, string>> = {
  401: "Get a new token: sign in, or look into first-run.json of the server's data folder.",
  429: "Wait a little and try again.",
  503: "The server cannot do this now. Try again, and look at /health/ready.",
};

/** Where the server's words, which are the device cloud's own, leave the way out unsaid. */
const NEXT_STEPS_BY_TEXT: readonly (readonly [RegExp, string])[] = [
  [/^I didn't recognize that device/, "See isthmus devices list. For a device of a product add --product PRODUCT."],
  [/^Integration not found/, "See isthmus integrations list, and with --product PRODUCT those of a product."],
  [/^Product not found/, "See isthmus products list."],
  [/^Thing not found/, "See isthmus things list --product PRODUCT."],
  [
    /^policy_key is required$/,
    "Put the policy's key, or its connection string, into ISTHMUS_POLICY_KEY or into a file for --key-file FILE.",
  ],
  [/^policy_name is required$/, "Name the shared access policy with --policy NAME."],
  [/^hub_name is required/, "Name the hub with --hub NAME."],
];

/** Commands for states take Things and devices, those of a product by their ids. */
const STATE_PATH = /^\/admin\/v1\/devices\/[^/]+\/state(?:\/|$)/;
const STATE_STEP =
  "See isthmus things list --product PRODUCT, isthmus products devices PRODUCT or isthmus devices list.";

export function createApiClient({ url, token }: ServerSettings, signal: AbortSignal): ApiClient {
  async function request(method: Method, path: string, body: Json | undefined, until: AbortSignal): Promise<Response> {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { "content-type": "application/json" }),
    };
    const init = { method, headers, signal: until, ...(body !== undefined && { body: JSON.stringify(body) }) };
    const response = await fetch(url + path, init).catch((error: unknown) => {
      throw unreachable(url, error);
    });
    if (!response.ok) throw await refusalOf(response);
    return response;
  }

  async function answer(method: Method, path: string, body?: Json): Promise<unknown> {
    const until = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
    const text = await (await request(method, path, body, until)).text();
    try {
      return text === "" ? {} : JSON.parse(text);
    } catch {
      throw new CommandFailure("not_isthmus", `${url} did not answer with JSON.`, "Check --url.");
    }
  }

  return {
    async call(method, path, body) {
      return (await answer(method, path, body)) as Json;
    },
    async list(path) {
      return (await answer("GET", path)) as readonly Json[];
    },
    async download(path) {
      const { body } = await request("GET", path, undefined, signal);
      if (body === null) throw new CommandFailure("not_isthmus", `${url} answered with nothing.`, "Check --url.");
      return body as unknown as ReadableStream;
    },
    async *lines(path) {
      const { body } = await request("GET", path, undefined, signal);
      if (body !== null) yield* linesOf(body);
    },
  };
}

/** Builds a path; every part is one segment, whatever it holds. */
export function pathOf(strings: TemplateStringsArray, ...parts: readonly string[]): string {
  return strings.map((text, index) => text + (index < parts.length ? encodeURIComponent(parts[index]!) : "")).join("");
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield line;
  }
}

function unreachable(url: string, error: unknown): CommandFailure {
  const cause = (error as { cause?: { code?: string } }).cause?.code;
  const reason = cause ?? (error instanceof Error && error.name === "TimeoutError" ? "no answer in time" : "no answer");
  return new CommandFailure("unreachable", `${url}: ${reason}.`, "Start the server (isthmus serve) or check --url.");
}

async function refusalOf(response: Response): Promise<CommandFailure> {
  const body = (await response.json().catch(() => ({}))) as Json;
  const said = [body["info"], body["error_description"], body["error"]].find((each) => typeof each === "string");
  const text = (said as string | undefined) ?? response.statusText;
  const code = typeof body["code"] === "string" ? body["code"] : `http_${response.status}`;
  const step = typeof body["next_step"] === "string" ? body["next_step"] : nextStep(response, text);
  const retryAfter = Number(response.headers.get("retry-after") ?? Number.NaN);
  return new CommandFailure(code, text, step, 1, Number.isNaN(retryAfter) ? null : retryAfter);
}

function nextStep({ status, url }: Response, text: string): string | null {
  if (status === 403 && STATE_PATH.test(new URL(url).pathname)) return STATE_STEP;
  return NEXT_STEPS_BY_TEXT.find(([words]) => words.test(text))?.[1] ?? NEXT_STEPS[status] ?? null;
}
