/**
 * Nodes that answer requests: $cbs and $management. A client opens a link each way; a request names the link its answer
 * goes to by `reply-to`, which clients fill with the link's name, its target address or a fixed word.
 */
import { decodeMessage, writeMessageId, type AmqpMessage } from "../../amqp-codec/message.ts";
import { SECTION } from "../../amqp-codec/sections.ts";
import { Writer } from "../../amqp-codec/writer.ts";
import { AmqpError } from "../amqp-error.ts";
import type { Delivery } from "./delivery.ts";
import type { IncomingNode, OutgoingNode } from "./link.ts";
import { Outbox } from "./outbox.ts";
import type { OutgoingLink } from "./outgoing-link.ts";

const REQUEST_CREDIT = 100;
const MAX_REQUEST_BYTES = 64 * 1024;

export type NodeName = "cbs" | "management";

export interface Response {
  /** As in HTTP. */
  readonly status: number;
  readonly description: string;
  /** Writes the value of the body. */
  readonly body?: (writer: Writer) => void;
  /** Condition of a failure. */
  readonly condition?: string;
}

/** The response links of one connection, by node. */
export class ResponseLinks {
  readonly #links = new Map<NodeName, Set<ResponseNode>>();

  add(name: NodeName, node: ResponseNode): void {
    const links = this.#links.get(name) ?? new Set();
    this.#links.set(name, links.add(node));
  }

  remove(name: NodeName, node: ResponseNode): void {
    this.#links.get(name)?.delete(node);
  }

  /** The link that `replyTo` names; the newest when it names none. */
  find(name: NodeName, replyTo: unknown): ResponseNode | undefined {
    const links = [...(this.#links.get(name) ?? [])];
    return links.find((link) => link.answersTo(replyTo)) ?? links.at(-1);
  }
}

/** Our end of the link on which answers go out. */
export class ResponseNode implements OutgoingNode {
  readonly #name: NodeName;
  readonly #links: ResponseLinks;
  readonly #target: string | undefined;
  readonly #outbox = new Outbox();
  #link: OutgoingLink | undefined;

  constructor(name: NodeName, links: ResponseLinks, target: string | undefined) {
    this.#name = name;
    this.#links = links;
    this.#target = target;
  }

  opened(link: OutgoingLink): void {
    this.#link = link;
    this.#links.add(this.#name, this);
  }

  answersTo(replyTo: unknown): boolean {
    return replyTo !== undefined && (replyTo === this.#target || replyTo === this.#link?.name);
  }

  respond(payload: Buffer): void {
    if (this.#link !== undefined) this.#outbox.push(this.#link, payload);
  }

  pump(link: OutgoingLink): boolean {
    return this.#outbox.pump(link);
  }

  closed(): void {
    this.#links.remove(this.#name, this);
    this.#outbox.clear();
  }
}

/** The end that takes requests; `answer` must not throw for anything a client may send. */
export function requestNode(
  name: NodeName,
  links: ResponseLinks,
  answer: (request: AmqpMessage) => Response,
): IncomingNode {
  return {
    credit: REQUEST_CREDIT,
    maxDeliveryBytes: MAX_REQUEST_BYTES,
    maxMessageSize: MAX_REQUEST_BYTES,
    deliver(delivery: Delivery): void {
      const request = decodeMessage(delivery.payload);
      const link = links.find(name, request.properties.replyTo);
      if (link === undefined) {
        delivery.reject(new AmqpError("link", "amqp:precondition-failed", "There is no link for the answer."));
        return;
      }
      const response = answer(request);
      delivery.accept();
      link.respond(encodeResponse(request, response));
    },
  };
}

function encodeResponse(request: AmqpMessage, { status, description, body, condition }: Response): Buffer {
  const writer = new Writer(512);
  writer.described(SECTION.properties);
  const properties = writer.beginCompound(0xd0);
  for (let i = 0; i < 5; i++) writer.null();
  writeMessageId(writer, request.properties.messageId);
  writer.endCompound(properties, 6);
  writer.described(SECTION.applicationProperties);
  const map = writer.beginCompound(0xd1);
  writer.string("status-code");
  writer.int(status);
  writer.string("status-description");
  writer.string(description);
  if (condition !== undefined) {
    writer.string("error-condition");
    writer.symbol(condition);
  }
  writer.endCompound(map, condition === undefined ? 4 : 6);
  writer.described(SECTION.value);
  if (body === undefined) writer.null();
  else body(writer);
  return writer.written();
}
