/** A hub's HTTPS side that answers what a test tells it to, and keeps what it was asked. */
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TestCertificate } from "./certificate.ts";

interface AskedRequest {
  readonly method: string;
  /** As it was sent, with its query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** `drop` ends the connection without an answer, `silent` never answers. */
export type RestAnswer =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  | "drop"
  | "silent";

export interface RestStandIn {
  readonly port: number;
  answer: (request: AskedRequest) => RestAnswer;
  readonly requests: AskedRequest[];
  /** Connections accepted in its life. */
  readonly accepted: () => number;
  close(): Promise<void>;
}

export async function startRestStandIn(
  { key, cert }: TestCertificate,
  answer: RestStandIn["answer"],
): Promise<RestStandIn> {
  let accepted = 0;
  const server = createServer({ key, cert }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const asked = { method, url, headers, body: Buffer.concat(chunks).toString() };
      hub.requests.push(asked);
      const given = hub.answer(asked);
      if (given === "drop") request.socket.destroy();
      else if (given !== "silent")
        response.writeHead(given.status, { "content-type": "application/json", ...given.headers }).end(given.body);
    });
  });
  server.on("secureConnection", () => (accepted += 1));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const hub: RestStandIn = {
    port: (server.address() as AddressInfo).port,
    answer,
    requests: [],
    accepted: () => accepted,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return hub;
}
