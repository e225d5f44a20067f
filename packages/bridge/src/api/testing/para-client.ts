/**
 * Signs and sends as Para's JavaScript client does: aws4 with that client's options, of a repeated parameter the first
 * value alone signed, JSON with its content type.
 */
import { request as httpRequest } from "node:http";
import { sign } from "aws4";

export interface ParaKeys {
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface ParaAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** `null` for an empty body. */
  readonly json: unknown;
}

export interface ParaCall {
  readonly query?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: unknown;
  /** Instead of the signature. */
  readonly token?: string;
}

export type ParaClient = (method: string, path: string, call?: ParaCall) => Promise<ParaAnswer>;

/** `path` begins after `/v1/`, its pieces encoded. `now`: unix milliseconds of the server's clock. */
export function paraClient(origin: string, { accessKey, secretKey }: ParaKeys, now: () => number): ParaClient {
  return async (method, path, { query = {}, body, token } = {}) => {
    const { host } = new URL(origin);
    const full = `/v1/${path}`;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const type = text === undefined ? {} : { "Content-Type": "application/json; charset=UTF-8" };
    if (token !== undefined) {
      return send(origin, method, full + search(query), { ...type, Authorization: `Bearer ${token}` }, text);
    }
    const firsts = Object.fromEntries(Object.entries(query).map(([name, value]) => [name, [value].flat()[0] ?? ""]));
    const request = {
      service: "para",
      method,
      host,
      path: encodedOnceMore(full) + search(firsts),
      headers: { ...type, "X-Amz-Date": new Date(now()).toISOString().replaceAll(/[:-]|\.\d{3}/g, "") },
      doNotEncodePath: true,
      ...(text !== undefined && { body: text }),
    };
    const { headers } = sign(request, { accessKeyId: accessKey, secretAccessKey: secretKey });
    return send(origin, method, full + search(query), headers as Record<string, string>, text);
  };
}

/** One request as it is given, over a socket of its own. */
export function send(
  origin: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: string | Uint8Array,
): Promise<ParaAnswer> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, method, path, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        const json = text === "" ? null : (JSON.parse(text) as unknown);
        resolve({ status: answer.statusCode!, headers: answer.headers, text, json });
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}

function encodedOnceMore(path: string): string {
  return encodeURIComponent(path)
    .replaceAll("%2F", "/")
    .replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function search(query: Readonly<Record<string, string | readonly string[]>>): string {
  const pairs = Object.entries(query).flatMap(([name, values]) =>
    [values].flat().map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`),
  );
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}
