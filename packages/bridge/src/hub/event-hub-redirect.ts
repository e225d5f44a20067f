/**
 * Where a hub's events are read. A hub keeps them in an Event Hubs namespace of its own, which it names by redirecting a
 * link to `messages/events/$management` [amqp-transport 2.8.16, `amqp:link:redirect`].
 */
import { formatEventHubConnectionString } from "iot-hub-protocol";
import type { Receiver } from "rhea";
import { fail, succeed } from "../core/failure.ts";
import type { Failure, Result } from "../core/failure.ts";
import type { HubEndpoint } from "../core/hub-client.ts";
import type { HubConnection } from "../core/integration.ts";
import { openAmqpConnection, readAmqpRefusal } from "./amqp-connection.ts";
import { classifyRefusal } from "./error-classification.ts";

const ANSWER_TIMEOUT = 10_000;

export interface RedirectOptions {
  readonly endpoint: HubEndpoint;
  readonly connection: HubConnection;
  /** The policy's token for the hub's host. */
  readonly token: string;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly answerTimeout?: number;
}

/** Asks the hub; resolves with the Event Hubs-compatible connection string of the connection's policy. */
export async function findEventHub(options: RedirectOptions): Promise<Result<string>> {
  const { endpoint, connection, token, now, signal } = options;
  const username = `${connection.policyName}@sas.root.${endpoint.hostName.split(".")[0] ?? ""}`;
  let lost: ((failure: Failure) => void) | undefined;
  const opened = await openAmqpConnection({
    endpoint,
    now,
    signal,
    sasl: { username, password: token },
    onEnd: (failure) => lost?.(failure),
  });
  if (!opened.ok) return opened;
  const answer = new Promise<Result<string>>((resolve) => {
    lost = (failure) => resolve({ ok: false, failure });
    const receiver = opened.value.rhea.open_receiver({ source: "messages/events/$management", credit_window: 0 });
    receiver.on("receiver_close", () => undefined);
    receiver.on("receiver_error", () => resolve(readRedirect(receiver, options)));
  });
  const timer = setTimeout(
    () => opened.value.end({ code: "hub_unreachable", message: "The hub did not say where its events are read." }),
    options.answerTimeout ?? ANSWER_TIMEOUT,
  );
  const result = await answer;
  clearTimeout(timer);
  await opened.value.close();
  return result;
}

function readRedirect({ error }: Receiver, { connection, now }: RedirectOptions): Result<string> {
  const refusal = readAmqpRefusal(error);
  if (refusal.condition !== "amqp:link:redirect")
    return { ok: false, failure: classifyRefusal(refusal, "link", now()) };
  const info = (error as { readonly info?: Readonly<Record<string, unknown>> }).info;
  const [hostName, address] = [info?.["hostname"], info?.["address"]];
  // The entity stands between the port and `/$management`.
  const target = typeof address === "string" ? /^amqps?:\/\/[^/]+?(:\d+)?\/(.+)\/\$management$/.exec(address) : null;
  if (typeof hostName !== "string" || target?.[2] === undefined)
    return fail("hub_error", "The hub's redirect to its events cannot be understood.");
  const port = target[1] === undefined || target[1] === ":5671" || hostName.includes(":") ? "" : target[1];
  return succeed(
    formatEventHubConnectionString({
      endpoint: `${hostName}${port}`,
      sharedAccessKeyName: connection.policyName,
      sharedAccessKey: connection.policyKey,
      entityPath: target[2],
      developmentEmulator: false,
    }),
  );
}
