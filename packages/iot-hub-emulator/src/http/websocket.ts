/**
 * WebSocket on the HTTPS port. The subprotocol says what is spoken inside; each connection becomes a stream of bytes, with
 * the back-pressure of the socket below, and is handed to whoever speaks that protocol.
 */
import { STATUS_CODES } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket, WebSocketServer } from "ws";
import { splitTarget } from "./request-target.ts";

export interface WebSocketProtocol {
  /** In `Sec-WebSocket-Protocol`. */
  readonly subprotocol: string;
  /** Lower case. */
  readonly paths: readonly string[];
  /** Gets the stream and the socket below it: of that one are the certificates of the TLS handshake. */
  readonly accept: (stream: Duplex, socket: Duplex) => void;
}

/** One message of a peer, in bytes: more than any frame or packet that the protocols inside allow. */
const MAX_MESSAGE_BYTES = 512 * 1024;
/** "Unsupported data": the protocols inside are bytes. */
const CLOSE_NO_TEXT = 1003;

/** Answers upgrades of a server. Protocols are asked for at each one, so that they may come later than the listener. */
export function acceptWebSockets(server: Server, protocols: () => Promise<readonly WebSocketProtocol[]>): void {
  let shaking: Promise<Shake> | undefined;
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Without a listener an error would end the process; a socket that fails before a front has it just closes.
    const ignore = (): void => undefined;
    socket.on("error", ignore);
    shaking ??= loadShake();
    void Promise.all([protocols(), shaking]).then(
      ([known, shake]) => {
        const answer = choose(known, request);
        if (typeof answer === "number") return refuse(socket, answer);
        request.headers["sec-websocket-protocol"] = answer.subprotocol; // the one that is answered
        shake(request, socket, head, (stream) => {
          socket.off("error", ignore);
          answer.accept(stream, socket);
        });
      },
      () => socket.destroy(),
    );
  });
}

type Shake = (request: IncomingMessage, socket: Duplex, head: Buffer, done: (stream: Duplex) => void) => void;

// Most hubs never see a WebSocket, so the library is loaded with the first one.
async function loadShake(): Promise<Shake> {
  const { WebSocketServer: Sockets, createWebSocketStream } = await import("ws");
  const sockets: WebSocketServer = new Sockets({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
  });
  return (request, socket, head, done) =>
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      refuseText(webSocket);
      done(createWebSocketStream(webSocket));
    });
}

function choose(protocols: readonly WebSocketProtocol[], request: IncomingMessage): WebSocketProtocol | 400 | 404 {
  const path = splitTarget(request.url ?? "")
    .path.replace(/#.*$/s, "")
    .replace(/\/$/, "")
    .toLowerCase();
  const here = protocols.filter(({ paths }) => paths.includes(path));
  if (here.length === 0) return 404;
  const offered = String(request.headers["sec-websocket-protocol"] ?? "")
    .split(",")
    .map((name) => name.trim());
  return here.find(({ subprotocol }) => offered.includes(subprotocol)) ?? 400;
}

const REASONS: Readonly<Record<400 | 404, string>> = {
  400: "Offer the subprotocol mqtt or AMQPWSB10.",
  404: "WebSockets are served at /$iothub/websocket, AMQP at /$servicebus/websocket and MQTT at /mqtt too.",
};

function refuse(socket: Duplex, status: 400 | 404): void {
  const body = REASONS[status];
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

// [MQTT-6.0.0-1]; AMQP says the same.
function refuseText(webSocket: WebSocket): void {
  webSocket.on("message", (_data, isBinary) => {
    if (!isBinary) webSocket.close(CLOSE_NO_TEXT, "Only binary messages are understood.");
  });
}
