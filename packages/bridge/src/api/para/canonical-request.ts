/**
 * The text that a client signs (AWS Signature Version 4), made again from what arrived. Which headers belong to it the
 * client says. Clients differ in small things, so where a request can be read in more than one way each reading is made.
 */
import { createHash } from "node:crypto";

export interface SignedRequest {
  readonly method: string;
  /** As sent: path and query, not decoded. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** What the client may have taken for the host, with the port where it named one. */
  readonly hosts: readonly string[];
  readonly body: Uint8Array;
}

/** Each reading of the request, the likeliest first. `signedHeaders`: lower-case names in the order of the client. */
export function* canonicalRequests(request: SignedRequest, signedHeaders: readonly string[]): Generator<string> {
  const split = request.url.indexOf("?");
  const path = split < 0 ? request.url : request.url.slice(0, split);
  const query = split < 0 ? "" : request.url.slice(split + 1);
  const bodyHash = createHash("sha256").update(request.body).digest("hex");
  for (const canonicalPath of canonicalPaths(path)) {
    for (const canonicalQuery of canonicalQueries(query)) {
      for (const host of request.hosts) {
        const lines = signedHeaders.map((name) => `${name}:${headerValue(request, name, host)}`);
        yield [request.method, canonicalPath, canonicalQuery, ...lines, "", signedHeaders.join(";"), bodyHash].join(
          "\n",
        );
      }
    }
  }
}

/**
 * The path as it arrived, encoded once more. Some clients make doubled slashes one before; one signs what it sends as it
 * is, encoded once.
 */
function canonicalPaths(path: string): ReadonlySet<string> {
  const encode = (text: string): string =>
    text
      .split("/")
      .map((piece) => encodeBytes(piece))
      .join("/");
  const single = path.replaceAll(/\/{2,}/g, "/");
  const decoded = single.replaceAll(/%([\da-f]{2})/gi, (_match, hex: string) => byteOf(hex));
  return new Set([encode(path), encode(single), encode(decoded)]);
}

/**
 * Sorted by name. Of a name that comes again most clients sign the first value alone, some sign all; Python's signs the
 * first as it stands in the query, encoded once more. Older curl signs the query as it sends it.
 */
function canonicalQueries(query: string): ReadonlySet<string> {
  const byName = parametersOf(query);
  // Encoded names are ASCII: this is the order of code points.
  const names = [...byName.keys()].toSorted();
  const encoded = (value: string): string => encodeBytes(decodePlus(value));
  const joined = (valuesOf: (sent: readonly string[]) => readonly string[]): string =>
    names.flatMap((name) => valuesOf(byName.get(name)!).map((value) => `${name}=${value}`)).join("&");
  return new Set([
    joined(([first = ""]) => [encoded(first)]),
    joined((all) => all.map(encoded).toSorted()),
    joined(([first = ""]) => [encodeBytes(first)]),
    query,
  ]);
}

/** Values as they were sent, by names that are decoded and encoded again. */
function parametersOf(query: string): ReadonlyMap<string, readonly string[]> {
  const byName = new Map<string, string[]>();
  for (const part of query.split("&")) {
    const split = part.indexOf("=");
    const name = encodeBytes(decodePlus(split < 0 ? part : part.slice(0, split)));
    if (name === "") continue;
    const value = split < 0 ? "" : part.slice(split + 1);
    const earlier = byName.get(name);
    if (earlier === undefined) byName.set(name, [value]);
    else earlier.push(value);
  }
  return byName;
}

function headerValue({ headers }: SignedRequest, name: string, host: string): string {
  if (name === "host") return host;
  const value = (Object.hasOwn(headers, name) ? headers[name] : undefined) ?? "";
  return (typeof value === "string" ? value : value.join(",")).trim().replaceAll(/\s+/g, " ");
}

/** Bytes as a latin1 text, percent signs and plus signs resolved. What is no escape stays. */
function decodePlus(text: string): string {
  return text.replaceAll("+", " ").replaceAll(/%([\da-f]{2})/gi, (_match, hex: string) => byteOf(hex));
}

function byteOf(hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16));
}

/** RFC 3986 section 2.3: all but the unreserved, each byte of a latin1 text as `%XX`. */
function encodeBytes(text: string): string {
  return text.replaceAll(
    /[^\w.~-]/g,
    (byte) => `%${(byte.charCodeAt(0) & 0xff).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}
