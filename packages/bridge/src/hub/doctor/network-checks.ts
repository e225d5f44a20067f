/** The way to a hub: its name, its two ports, its certificate. */
import { isIP } from "node:net";
import { connect } from "node:tls";
import type { Failure, Result } from "../../core/failure.ts";
import { fail, succeed } from "../../core/failure.ts";
import type { HubEndpoint } from "../../core/hub-client.ts";
import { addressGuard, type Lookup } from "../../network/address-guard.ts";
import { networkFailure } from "../network-failure.ts";

const PATIENCE_MS = 8_000;
const DAY_MS = 86_400_000;

export interface NetworkCheckOptions {
  readonly endpoint: HubEndpoint;
  /** The name server, replaced in tests. */
  readonly resolve?: Lookup;
}

/** The addresses that the bridge would connect to. */
export function resolveHost({ endpoint, resolve }: NetworkCheckOptions): Promise<Result<readonly string[]>> {
  const { hostName, allowPrivate } = endpoint;
  const guard = addressGuard({ allowPrivate, ...(resolve !== undefined && { resolve }) });
  if (!guard.admitsLiteral(hostName))
    return Promise.resolve(fail("hub_address_refused", `${hostName} is no public address.`));
  if (isIP(hostName) !== 0) return Promise.resolve(succeed([hostName]));
  return new Promise((done) => {
    const timer = setTimeout(
      () => done(fail("hub_not_found", `No name server answered for ${hostName}.`)),
      PATIENCE_MS,
    );
    guard.lookup(hostName, { all: true }, (error, addresses) => {
      clearTimeout(timer);
      if (error !== null) done({ ok: false, failure: networkFailure(error, hostName) });
      else done(succeed((addresses as { address: string }[]).map(({ address }) => address)));
    });
  });
}

/** Connects with TLS and looks at the certificate. The sentence tells of the connection. */
export function openTls({ endpoint, resolve }: NetworkCheckOptions, port: number): Promise<Result<string>> {
  const { hostName: host, allowPrivate, ca } = endpoint;
  const guard = addressGuard({ allowPrivate, ...(resolve !== undefined && { resolve }) });
  const began = performance.now();
  return new Promise((done) => {
    const socket = connect({
      host,
      port,
      servername: isIP(host) === 0 ? host : "",
      lookup: guard.lookup,
      ...(ca !== undefined && { ca }),
    });
    const end = (result: Result<string>): void => {
      clearTimeout(timer);
      socket.destroy();
      done(result);
    };
    const timer = setTimeout(
      () => end(fail("hub_unreachable", `Port ${port} of ${host} did not answer within ${PATIENCE_MS / 1000} s.`)),
      PATIENCE_MS,
    );
    socket.on("error", (error) => end({ ok: false, failure: explained(networkFailure(error, host), port) }));
    socket.on("secureConnect", () => {
      const days = Math.floor((Date.parse(socket.getPeerCertificate().valid_to) - Date.now()) / DAY_MS);
      const ms = Math.round(performance.now() - began);
      const protocol = socket.getProtocol() ?? "TLS";
      end(succeed(`Port ${port} answers in ${ms} ms with ${protocol}; its certificate is good for ${days} days.`));
    });
  });
}

const CERTIFICATE_WORDS: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/CERT_HAS_EXPIRED/, "Its certificate has expired, or this server's clock is ahead."],
  [/CERT_NOT_YET_VALID/, "Its certificate is not valid yet, or this server's clock is behind."],
  [/ALTNAME_INVALID|HOSTNAME_MISMATCH/, "Its certificate is for another name: something else answers at this address."],
  [/SELF_SIGNED|UNABLE_TO|UNTRUSTED/, "Its certificate is signed by nobody known here: a proxy may be in between."],
  [/EPROTO|ERR_SSL/, "What answers there does not speak TLS as a hub does."],
];

function explained(failure: Failure, port: number): Failure {
  const words = CERTIFICATE_WORDS.find(([pattern]) => pattern.test(failure.hubCode ?? ""))?.[1];
  const message = `Port ${port}: ${failure.message}`;
  return { ...failure, message: words === undefined ? message : `${message}. ${words}` };
}
