/** The certificates a client showed when it connected. */
import { X509Certificate } from "node:crypto";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";

/** More than any chain in use; a client may send what it likes. */
const MAX_CHAIN = 8;

/**
 * Leaf first, then its issuers as far as the client sent them; empty without TLS or without a certificate. Nothing is
 * verified here but that the client has the leaf's key. For a connection under a WebSocket, pass the socket that was upgraded.
 */
export function peerCertificates(socket: Duplex): readonly X509Certificate[] {
  if (!(socket instanceof TLSSocket)) return [];
  const chain: X509Certificate[] = [];
  try {
    let next: { readonly raw?: Buffer; readonly issuerCertificate?: unknown } | undefined =
      socket.getPeerCertificate(true);
    // A root names itself as its issuer; an empty object stands for "none".
    while (next?.raw !== undefined && chain.length < MAX_CHAIN) {
      const { raw } = next;
      if (chain.some((seen) => seen.raw.equals(raw))) break;
      chain.push(new X509Certificate(raw));
      next = next.issuerCertificate as typeof next;
    }
  } catch {
    // What cannot be read vouches for nobody.
    return [];
  }
  return chain;
}
