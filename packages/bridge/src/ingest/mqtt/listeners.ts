/** Where devices connect: plain TCP, and TLS with the operator's certificate, which is read again when its file changes. */
import { once } from "node:events";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Log } from "../../core/log.ts";
import { followCertificate, readCertificate } from "./certificate-files.ts";
import type { CertificateFiles } from "./certificate-files.ts";
import type { DeviceDoor } from "./device-door.ts";

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
export async function listenTls(options: ListenerOptions & CertificateFiles): Promise<Listener> {
  const { door, log } = options;
  const certificate = readCertificate(options);
  const server = createTlsServer({
    ...certificate,
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
  const listener = await listen(server, options);
  const stopFollowing = followCertificate(server, options, { loaded: certificate, log });
  return {
    port: listener.port,
    close() {
      stopFollowing();
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
