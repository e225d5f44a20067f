/** Exchanges and events as commands that do the same again. Secrets are masked in what the server tells, and stay so. */

/** Characters by which a terminal could be made to take what is pasted for typed. */
const CONTROLS = /[^\P{Cc}\n\t]/gu;

/** One word for a POSIX shell, whatever it holds. */
export function quoted(text: string): string {
  const inQuotes = (inner: string): string => `'${inner.replaceAll("'", `'\\''`)}'`;
  if (text.search(CONTROLS) === -1) return inQuotes(text);
  const escaped = text
    .replaceAll(/[\\%]/g, (sign) => sign + sign)
    .replaceAll(CONTROLS, octal)
    .replace(/^-/, octal);
  return `"$(printf ${inQuotes(escaped)})"`;
}

function octal(character: string): string {
  return Array.from(new TextEncoder().encode(character), (byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}

/** Whether quoting is needed at all. */
function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : quoted(text);
}

/** The request of an exchange as curl; `null` where it is not whole. `target`: the hub's host. */
export function curlOf(request: string, target: string): string | null {
  return request.startsWith("{") ? curlOfMessage(request, target) : curlOfRequest(request);
}

/** Of a webhook: `METHOD url`, headers, an empty line, the body. */
function curlOfRequest(request: string): string | null {
  const [head = "", ...rest] = request.split("\n\n");
  const [first = "", ...headers] = head.split("\n");
  const [, method, url] = /^([A-Z]+) (\S+)$/.exec(first) ?? [];
  if (method === undefined || url === undefined) return null;
  const body = rest.join("\n\n");
  return joined([
    `curl -X ${method} ${word(url)}`,
    ...headers.map((header) => `-H ${quoted(header)}`),
    ...(body === "" ? [] : [`--data-raw ${quoted(body)}`]),
  ]);
}

interface SentMessage {
  readonly device_id: string;
  readonly message_id: string;
  readonly content_type: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** Of a hub: what was said of the message as a line of JSON, and the body. As the hub's HTTPS endpoint takes it. */
function curlOfMessage(request: string, target: string): string | null {
  const end = request.indexOf("\n");
  const message = parsed(request.slice(0, end === -1 ? undefined : end));
  if (message === null || end === -1) return null;
  const device = encodeURIComponent(message.device_id);
  const host = target === "local" ? "localhost" : target;
  return joined([
    `curl -X POST ${quoted(`https://${host}/devices/${device}/messages/events?api-version=2021-04-12`)}`,
    `-H ${quoted("Authorization: SharedAccessSignature …")}`,
    `-H ${quoted(`iothub-messageid: ${message.message_id}`)}`,
    `-H ${quoted(`iothub-contenttype: ${message.content_type}`)}`,
    `-H ${quoted("iothub-contentencoding: utf-8")}`,
    ...Object.entries(message.properties).map(([name, value]) => `-H ${quoted(`iothub-app-${name}: ${value}`)}`),
    `--data-raw ${quoted(request.slice(end + 1))}`,
  ]);
}

export interface PublishedEvent {
  readonly origin: string;
  /** `null`: the sandbox. */
  readonly product: string | number | null;
  readonly deviceId: string | null;
  readonly name: string;
  readonly data: string | null;
}

/** A command that publishes the event as its device. */
export function curlThatPublishes({ origin, product, deviceId, name, data }: PublishedEvent): string {
  const path = product === null ? "/v1/devices/events" : `/v1/products/${encodeURIComponent(product)}/events`;
  return joined([
    `curl ${word(origin + path)}`,
    `-H "Authorization: Bearer $TOKEN"`,
    ...(deviceId === null ? [] : [`-d as_device_id=${word(deviceId)}`]),
    `--data-urlencode ${word(`name=${name}`)}`,
    ...(data === null ? [] : [`--data-urlencode ${word(`data=${data}`)}`]),
  ]);
}

function joined(parts: readonly string[]): string {
  return parts.join(" \\\n  ");
}

function parsed(text: string): SentMessage | null {
  try {
    const value = JSON.parse(text) as Partial<SentMessage>;
    return typeof value.device_id === "string" && typeof value.properties === "object" ? (value as SentMessage) : null;
  } catch {
    return null;
  }
}
