/** Which host a client may have signed: what it was sent to, as it arrived here. */
import type { FastifyRequest } from "fastify";

const DEFAULT_PORTS = /:(?:80|443)$/;

/** The likeliest first. `behindProxy`: what proxies say of the host is believed, where the framework says that they are trusted. */
export function signedHosts(request: FastifyRequest, behindProxy: boolean): readonly string[] {
  const hosts = new Set([request.host, request.headers.host ?? ""]);
  const port = behindProxy && request.host !== request.headers.host ? request.headers["x-forwarded-port"] : undefined;
  if (typeof port === "string" && /^\d{1,5}$/.test(port)) hosts.add(`${request.hostname}:${port}`);
  // Clients leave a default port out of what they sign, or name it; proxies do as they like.
  for (const host of Array.from(hosts)) {
    if (DEFAULT_PORTS.test(host)) hosts.add(host.replace(DEFAULT_PORTS, ""));
  }
  hosts.delete("");
  // Of a base address that ends with a slash Java's client and Python's take the slash for a part of the host.
  for (const host of Array.from(hosts)) hosts.add(`${host}/`);
  return [...hosts];
}
