/** What one key of the policy can do over AMQP: sign a token that the hub takes, and open a device's link. */
import { telemetryAddress } from "iot-hub-protocol";
import type { Sender } from "rhea";
import type { Failure } from "../../core/failure.ts";
import type { HubEndpoint } from "../../core/hub-client.ts";
import { openAmqpConnection, readAmqpRefusal } from "../amqp-connection.ts";
import type { AmqpConnection } from "../amqp-connection.ts";
import { classifyRefusal } from "../error-classification.ts";
import { TokenLink } from "../put-token.ts";

const ATTACH_PATIENCE_MS = 8_000;

export interface KeyCheckOptions {
  readonly endpoint: HubEndpoint;
  readonly token: string;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Why the hub does not take the token; `null` when it does. */
export function tryToken(options: KeyCheckOptions): Promise<Failure | null> {
  return withToken(options, async () => null);
}

/** Why the device's telemetry link does not open; `null` when it does. Nothing is sent. */
export function tryLink(options: KeyCheckOptions, deviceId: string): Promise<Failure | null> {
  return withToken(options, (amqp, ended) => Promise.race([attach(amqp, deviceId, options.now), ended]));
}

async function withToken(
  { endpoint, token, now }: KeyCheckOptions,
  work: (amqp: AmqpConnection, ended: Promise<Failure>) => Promise<Failure | null>,
): Promise<Failure | null> {
  let tellEnd: (failure: Failure) => void = () => undefined;
  const ended = new Promise<Failure>((resolve) => (tellEnd = resolve));
  const opened = await openAmqpConnection({ endpoint, now, onEnd: (failure) => tellEnd(failure) });
  if (!opened.ok) return opened.failure;
  const link = new TokenLink({ connection: opened.value.rhea, audience: endpoint.hostName, now });
  const refused = await Promise.race([link.put(token), ended]);
  const failure = refused ?? (await work(opened.value, ended));
  link.fail({ code: "hub_unreachable", message: "The connection was closed." });
  await opened.value.close();
  return failure;
}

function attach(amqp: AmqpConnection, deviceId: string, now: () => number): Promise<Failure | null> {
  return new Promise((resolve) => {
    const session = amqp.rhea.create_session();
    const silent: Failure = {
      code: "outcome_unknown",
      message: `The hub did not let the device send within ${ATTACH_PATIENCE_MS / 1000} s: no answer, or no credit.`,
    };
    const timer = setTimeout(() => resolve(silent), ATTACH_PATIENCE_MS);
    const settle = (failure: Failure | null): void => {
      clearTimeout(timer);
      resolve(failure);
    };
    const refused = (sender: Sender | undefined): void =>
      settle(classifyRefusal(readAmqpRefusal(sender?.error), "link", now()));
    session.on("sender_flow", () => settle(null));
    session.on("sender_error", ({ sender }) => refused(sender));
    session.on("sender_close", ({ sender }) => refused(sender));
    session.begin();
    session.open_sender({ target: telemetryAddress(deviceId), source: deviceId });
  });
}
