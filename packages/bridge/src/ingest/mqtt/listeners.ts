/** Where devices connect: plain TCP, and TLS with the operator's certificate, which is read again when its file changes. */
import { once } from "node:events";
import { readFileSync, unwatchFile, watchFile } from "node:fs";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Server as TlsServer } from "node:tls";
import type { Log } from "../../core/log.ts";
import type { DeviceDoor } from "./device-door.ts";

/** How often the certificate's file is looked at, milliseconds. */
const LOOK_AT_CERTIFICATE = 10_000;
/** Finds peers that vanished without a word and asked for no keep-alive, milliseconds. */
const TCP_KEEP_ALIVE = 60_000;

export interface ListenerOptions {
  readonly door: DeviceDoor;
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** The port is only a default: when somebody else has it, a free one does. */
  readonly mayMove?: boolean;
  readonly log: Log;
}

export interface TlsFiles {
  /** PEM files: the certificate with its chain, and its key. */
  readonly certFile: string;
  readonly keyFile: string;
  /** How often the files are looked at, milliseconds. */
  readonly lookEvery?: number;
}

export interface Listener {
  readonly port: number;
  /** Takes no more connections. Those that are there belong to the door. */
  close(): Promise<void>;
}

export async function listenPlain(options: ListenerOptions): Promise<Listener> {
  const server = createTcpServer({ noDelay: true, allowHalfOpen: true });
  server.on("connection", (socket) => {
    if (isAdmitted(socket, options.door)) options.door.accept(socket, addressOf(socket));
  });
  return listen(server, options);
}

/** Throws when the files cannot be read or do not fit together. */
export async function listenTls(options: ListenerOptions & TlsFiles): Promise<Listener> {
  const { door, log } = options;
  const server = createTlsServer({
    ...readFiles(options),
    allowHalfOpen: true,
    handshakeTimeout: door.limits.timeToConnect,
  });
  // Before the handshake, which is what a flood would make us pay for.
  server.prependListener("connection", (socket: Socket) => void isAdmitted(socket, door));
  server.on("secureConnection", (socket) => {
    socket.setNoDelay(true);
    door.accept(socket, addressOf(socket));
  });
  server.on("tlsClientError", (error: Error, socket) => {
    log.debug({ address: addressOf(socket), reason: error.message }, "mqtt.tls_failed");
  });
  const stopWatching = reloadCertificate(server, options);
  const listener = await listen(server, options);
  return {
    port: listener.port,
    close() {
      stopWatching();
      return listener.close();
    },
  };
}

function isAdmitted(socket: Socket, door: DeviceDoor): boolean {
  // Without a listener an error of a socket would end the process.
  socket.on("error", () => undefined);
  socket.setKeepAlive(true, TCP_KEEP_ALIVE);
  if (door.admits(addressOf(socket))) return true;
  socket.destroy();
  return false;
}

// An IPv4 address is the same whether it came by a listener of both families or not.
function addressOf({ remoteAddress = "" }: { readonly remoteAddress?: string | undefined }): string {
  return remoteAddress.startsWith("::ffff:") ? remoteAddress.slice(7) : remoteAddress;
}

function readFiles({ certFile, keyFile }: TlsFiles): { readonly cert: Buffer; readonly key: Buffer } {
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

/** Connections that are open stay; new ones get the new certificate. A file that does not fit changes nothing. */
function reloadCertificate(
  server: TlsServer,
  { log, lookEvery = LOOK_AT_CERTIFICATE, ...files }: TlsFiles & Pick<ListenerOptions, "log">,
): () => void {
  const reload = (): void => {
    try {
      server.setSecureContext(readFiles(files));
      log.info({ certFile: files.certFile }, "mqtt.certificate_reloaded");
    } catch (error) {
      log.error({ certFile: files.certFile, reason: String(error) }, "mqtt.certificate_refused");
    }
  };
  const watched = [files.certFile, files.keyFile];
  for (const file of watched) watchFile(file, { interval: lookEvery, persistent: false }, reload);
  return () => {
    for (const file of watched) unwatchFile(file, reload);
  };
}

async function listen(server: Server, { door, host, port, mayMove = false, log }: ListenerOptions): Promise<Listener> {
  server.maxConnections = door.limits.maxConnections;
  try {
    await listening(server, port, host);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A port below 1024 needs rights that not everybody has.
    if (!mayMove || (code !== "EADDRINUSE" && code !== "EACCES")) throw error;
    await listening(server, 0, host);
    log.warn({ asked: port, port: (server.address() as AddressInfo).port }, "mqtt.port_taken");
  }
  server.on("error", (error) => log.error({ reason: error.message }, "mqtt.listener_failed"));
  return {
    port: (server.address() as AddressInfo).port,
    // Its callback waits for connections too, and those end later.
    close: async () => void server.close(),
  };
}

async function listening(server: Server, port: number, host: string): Promise<void> {
  server.listen(port, host);
  await once(server, "listening");
}
