/** Addresses as people and older clients write them, turned into those of the routes. */
import type { IncomingMessage } from "node:http";

/**
 * A slash too many at the end (`/v1/webhooks/`) or at the beginning (`//v1/devices`, from a base address that ends with one) is taken away.
 * Behind `events/` in a GET it stays: there it belongs to the prefix of a stream.
 */
export function routedUrl({ url = "/", method }: Pick<IncomingMessage, "url" | "method">): string {
  const start = url.startsWith("//") ? url.slice(1) : url;
  const query = start.indexOf("?");
  const path = query < 0 ? start : start.slice(0, query);
  if (path.length < 2 || !path.endsWith("/")) return start;
  if (method === "GET" && /\/events\/./.test(path)) return start;
  return path.slice(0, -1) + start.slice(path.length);
}
