/** What a request names, apart from its method. */
export interface RequestTarget {
  /** Percent-encoded, but for its slashes. */
  readonly path: string;
  /** Without its question mark; empty when there is none. */
  readonly query: string;
}

/**
 * Clients may send an absolute target, as the vendor's Java SDK does for WebSockets; its host says nothing to us. Azure IoT
 * Explorer encodes the slashes between segments too, and no segment holds one of its own.
 */
export function splitTarget(target: string): RequestTarget {
  const [, path = "", query = ""] = /^(?:https?:\/\/[^/?]*)?([^?]*)(?:\?(.*))?$/is.exec(target) ?? [];
  return { path: path.replaceAll(/%2f/gi, "/"), query };
}
