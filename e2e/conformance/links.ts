/** AMQP links of our own making, for what no SDK on this machine sends: connections, tokens, one message and its outcome. */
import { createHmac, randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import type * as Rhea from "rhea";
import { addresses, hostName } from "./target.ts";

export const rhea = createRequire(import.meta.url)("rhea") as typeof Rhea;

/** The connections of one test file. */
export class Connections {
  readonly #open: Rhea.Connection[] = [];

  open(more: object = {}): Rhea.Connection {
    const port = addresses.local?.amqpsPort ?? 5671;
    const names = { host: hostName, hostname: hostName, servername: hostName };
    const options = { transport: "tls", ...names, port, reconnect: false, ...more };
    const connection = rhea.create_container().connect(options as never);
    for (const event of ["connection_error", "session_error", "error", "disconnected"])
      connection.on(event, () => undefined);
    this.#open.push(connection);
    return connection;
  }

  close(): void {
    for (const connection of this.#open.splice(0)) connection.close();
  }
}

/** A token that the tested policy signs. */
export function policyToken(resource: string): string {
  const field = (name: string): string =>
    new RegExp(`${name}=([^;]+)`, "i").exec(addresses.connectionString)?.[1] ?? "";
  return `${sign(resource, Buffer.from(field("SharedAccessKey"), "base64"))}&skn=${field("SharedAccessKeyName")}`;
}

/** A token that a device signs with its own key. */
export function deviceToken(resource: string, key: string): string {
  return sign(resource, Buffer.from(key, "base64"));
}

/** A token as Event Hubs clients make it: the key's text signs. The name of the policy is still to come. */
export function textToken(resource: string, key: string): string {
  return sign(resource, Buffer.from(key));
}

function sign(resource: string, key: Buffer): string {
  const [sr, se] = [encodeURIComponent(resource), Math.ceil(Date.now() / 1000) + 3600];
  const sig = encodeURIComponent(createHmac("sha256", key).update(`${sr}\n${se}`).digest("base64"));
  return `SharedAccessSignature sr=${sr}&sig=${sig}&se=${se}`;
}

/** Puts a token, on a pair of links as most clients do it; resolves with the status code. */
export async function putToken(connection: Rhea.Connection, name: string, token: string): Promise<number> {
  const replyTo = randomUUID();
  const message = {
    message_id: "1",
    to: "$cbs",
    reply_to: replyTo,
    application_properties: { operation: "put-token", type: "servicebus.windows.net:sastoken", name },
    body: token,
  };
  const answer = await request(connection, { source: "$cbs", target: replyTo }, message);
  return Number(answer.application_properties?.["status-code"]);
}

/** Asks a request-response node; `source` names it, `target` is where the answer goes. */
export async function request(
  connection: Rhea.Connection,
  { source, target }: { readonly source: string; readonly target: string },
  message: Rhea.Message,
): Promise<Rhea.Message> {
  const receiver = connection.open_receiver({ source: { address: source }, target: { address: target } });
  const sender = connection.open_sender({ source: { address: target }, target: { address: source } });
  sender.once("sendable", () => sender.send(message));
  const answer = await nextMessage(receiver);
  receiver.close();
  sender.close();
  return answer;
}

/** Some sections of a message, encoded; without the empty body that rhea adds where there is none. */
export function encodeSections(message: Partial<Rhea.Message>): Buffer {
  const encoded = rhea.message.encode(message as Rhea.Message) as unknown as Buffer;
  return message.body === undefined ? encoded.subarray(0, -4) : encoded;
}

/** The next message of a link, or why there is none. */
export function nextMessage(receiver: Rhea.Receiver): Promise<Rhea.Message> {
  return new Promise((resolve, reject) => {
    receiver.once("message", ({ message }: Rhea.EventContext) => resolve(message as Rhea.Message));
    receiver.once("receiver_error", () => reject(new Error(conditionOf(receiver.error).condition)));
  });
}

export type Verdict = "accepted" | { readonly condition: string };

/** Sends one message; resolves with its outcome, or with why the link was refused. */
export function outcomeOf(sender: Rhea.Sender, message: Rhea.Message | Buffer, format?: number): Promise<Verdict> {
  sender.once("sendable", () => void sender.send(message as never, undefined, format));
  return new Promise((resolve) => {
    sender.once("accepted", () => resolve("accepted"));
    sender.once("rejected", ({ delivery }: Rhea.EventContext) =>
      resolve(conditionOf((delivery?.remote_state as { error?: unknown } | undefined)?.error)),
    );
    sender.once("sender_error", () => resolve(conditionOf(sender.error)));
  });
}

function conditionOf(error: unknown): { readonly condition: string } {
  return { condition: (error as { condition?: string } | undefined)?.condition ?? "none" };
}
