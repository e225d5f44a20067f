/** How every TLS listener of the hub listens. */
import { constants } from "node:crypto";
import type { TlsOptions } from "node:tls";

const HANDSHAKE_MS = 10_000;

/**
 * A client certificate is asked for and any is let in, or none: which device it stands for is judged where the device is
 * known. `certificate` and `privateKey` are PEM.
 */
export function tlsServerOptions({
  certificate,
  privateKey,
}: {
  readonly certificate: string;
  readonly privateKey: string;
}): TlsOptions {
  return {
    cert: certificate,
    key: privateKey,
    minVersion: "TLSv1.2",
    handshakeTimeout: HANDSHAKE_MS,
    requestCert: true,
    rejectUnauthorized: false,
    // A resumed session remembers the client's certificate but not the intermediate ones that vouch for it.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}
