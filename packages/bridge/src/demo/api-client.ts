/** What the server answered: the status, and the parsed JSON (an empty object when there was none). */
export interface ApiAnswer {
  readonly ok: boolean;
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

/** Talks to the public HTTP API as one principal. */
export interface ApiClient {
  /** @throws {TypeError} when the server cannot be reached or does not answer within five seconds. */
  request(method: "GET" | "POST" | "PUT", path: string, body?: object): Promise<ApiAnswer>;
}

const ANSWER_WITHIN_MS = 5_000;

/** A client whose requests carry `token`. */
export function apiClient(url: string, token: string): ApiClient {
  return {
    async request(method, path, body) {
      const response = await fetch(new URL(path, url), {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      return { ok: response.ok, status: response.status, json: await readJson(response) };
    },
  };
}

/** The API's own reason, with the status: for people. */
export function describe(answer: ApiAnswer): string {
  const { error_description, info, error } = answer.json;
  const reason = [error_description, info, error].find((text) => typeof text === "string");
  return reason === undefined ? `HTTP ${answer.status}` : `HTTP ${answer.status}: ${reason}`;
}

async function readJson(response: Response): Promise<Readonly<Record<string, unknown>>> {
  const parsed: unknown = await response.json().catch(() => null);
  if (parsed === null || typeof parsed !== "object") return {};
  return Array.isArray(parsed) ? { items: parsed } : { ...parsed };
}
