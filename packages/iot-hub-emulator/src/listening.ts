/** Opening ports, with errors that say which one and what to do, and closing them with everything connected to them. */
import type { AddressInfo, Server, Socket } from "node:net";

/** A listener could not be opened. `code` is `port_in_use`, `port_not_permitted` or `listen_failed`. */
export class ListenError extends Error {
  readonly code: "port_in_use" | "port_not_permitted" | "listen_failed";
  readonly port: number;

  constructor(code: ListenError["code"], port: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ListenError";
    this.code = code;
    this.port = port;
  }
}

export interface Listening {
  readonly host: string;
  /** Tried in turn while the one before is not permitted; 0 picks a free one. */
  readonly ports: readonly [number, ...number[]];
  /** Take any free port rather than fail when the last one is taken. */
  readonly orFree?: boolean;
  /** What sets the port, for the error message: environment variable and flag. */
  readonly setting: string;
}

/** Servers that open one by one and close together. */
export class Listeners {
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();

  /** Resolves with the port the server listens on. */
  async open(server: Server, listening: Listening): Promise<number> {
    // The sockets below TLS too: one that never finishes its handshake must not hold up the end.
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    const port = await listen(server, listening);
    this.#servers.push(server);
    return port;
  }

  /** No new connections from now on. */
  refuse(): void {
    for (const server of this.#servers) server.close();
  }

  /** Cuts every connection; resolves when all are gone. */
  async close(): Promise<void> {
    const servers = this.#servers.splice(0);
    const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }
}

async function listen(server: Server, { host, ports, setting, orFree = false }: Listening): Promise<number> {
  for (const [i, port] of ports.entries()) {
    try {
      return await tryListen(server, host, port);
    } catch (error) {
      const failure = explain(error, host, port, setting);
      if (failure.code === "port_not_permitted" && i < ports.length - 1) continue;
      if (failure.code === "port_in_use" && orFree) return tryListen(server, host, 0);
      throw failure;
    }
  }
  throw new Error("There was no port to try.");
}

function tryListen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      server.off("error", fail).off("listening", succeed);
    };
    const fail = (error: Error): void => {
      settle();
      reject(error);
    };
    const succeed = (): void => {
      settle();
      resolve((server.address() as AddressInfo).port);
    };
    server.once("error", fail).once("listening", succeed).listen(port, host);
  });
}

/** The address is none of this machine's, or no address at all. */
const NO_ADDRESS = new Set(["EADDRNOTAVAIL", "ENOTFOUND", "EAI_AGAIN"]);

function explain(error: unknown, host: string, port: number, setting: string): ListenError {
  const { code = "", message } = error as NodeJS.ErrnoException;
  const options = { cause: error };
  if (code === "EADDRINUSE") {
    const text = `Port ${port} on ${host} is taken. Stop what uses it, or set ${setting}; 0 picks a free port.`;
    return new ListenError("port_in_use", port, text, options);
  }
  if (code === "EACCES") {
    const text = `Port ${port} on ${host} is not permitted to this user. Set ${setting} to one above 1023, or on Linux permit it: sudo sysctl net.ipv4.ip_unprivileged_port_start=${port}`;
    return new ListenError("port_not_permitted", port, text, options);
  }
  const text = NO_ADDRESS.has(code)
    ? `${host} is no address of this machine (${message}). Set IOT_HUB_HOST (--host) to one that is.`
    : `Cannot listen on ${host}:${port}, see ${setting}: ${message}`;
  return new ListenError("listen_failed", port, text, options);
}
