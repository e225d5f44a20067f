/** The claims-based-security node `$cbs`: hands the hub a token for the whole connection, and later a newer one. */
import type { Connection, EventContext, Receiver, Sender } from "rhea";
import { randomUUID } from "node:crypto";
import type { Failure } from "../core/failure.ts";
import { readAmqpRefusal } from "./amqp-connection.ts";
import { classifyRefusal, splitWords } from "./error-classification.ts";

const ANSWER_TIMEOUT = 10_000;

export interface TokenLinkOptions {
  readonly connection: Connection;
  /** What the token is for: the hub's host name. */
  readonly audience: string;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly answerTimeout?: number;
}

/** A pair of links to `$cbs` in a session of their own, so that a stuck telemetry session cannot hold up a renewal. */
export class TokenLink {
  readonly #options: TokenLinkOptions;
  readonly #sender: Sender;
  readonly #pending = new Map<string, (failure: Failure | null) => void>();

  constructor(options: TokenLinkOptions) {
    this.#options = options;
    const session = options.connection.create_session();
    session.begin();
    const receiver: Receiver = session.open_receiver({ source: "$cbs", target: "cbs", name: "cbs-answers" });
    this.#sender = session.open_sender({ target: "$cbs", source: "cbs", name: "cbs-requests" });
    receiver.on("message", (context: EventContext) => this.#answer(context));
    for (const event of ["sender_close", "sender_error"])
      this.#sender.on(event, () => this.#refuse(this.#sender.error));
    for (const event of ["receiver_close", "receiver_error"]) receiver.on(event, () => this.#refuse(receiver.error));
  }

  /** Resolves with `null` when the hub took the token. */
  put(token: string): Promise<Failure | null> {
    const id = randomUUID();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        settle({ code: "hub_unreachable", message: "The hub did not answer when it was handed the access token." });
      }, this.#options.answerTimeout ?? ANSWER_TIMEOUT);
      const settle = (failure: Failure | null): void => {
        clearTimeout(timer);
        this.#pending.delete(id);
        resolve(failure);
      };
      this.#pending.set(id, settle);
      this.#sender.send({
        // A UUID as text: as an AMQP uuid some hubs would not echo it the same way.
        message_id: id,
        to: "$cbs",
        reply_to: "cbs",
        application_properties: {
          operation: "put-token",
          type: "servicebus.windows.net:sastoken",
          name: this.#options.audience,
        },
        body: token,
      });
    });
  }

  /** Gives up on answers that can no longer come. */
  fail(failure: Failure): void {
    for (const settle of this.#pending.values()) settle(failure);
  }

  #answer({ message }: EventContext): void {
    const settle = this.#pending.get(String(message?.["correlation_id"]));
    if (settle === undefined) return;
    const properties = message?.["application_properties"] as Record<string, unknown> | undefined;
    const status = Number(properties?.["status-code"]);
    if (status === 200 || status === 202) return settle(null);
    const words = properties?.["status-description"];
    const refusal = { status, ...splitWords(typeof words === "string" ? words : "") };
    settle(classifyRefusal(refusal, "token", this.#options.now()));
  }

  #refuse(error: unknown): void {
    this.fail(classifyRefusal(readAmqpRefusal(error), "token", this.#options.now()));
  }
}
