/**
 * Opens the links that a peer attaches on one session, or refuses them. A scripted fault may put the opening off: what
 * the peer sends on the handle meanwhile is kept for later.
 */
import { writeAttach, writeDetach } from "../../amqp-codec/performative-encoding.ts";
import type { Attach, Detach, ErrorCondition, Flow } from "../../amqp-codec/performatives.ts";
import type { Strike } from "../../hub/faults/faults.ts";
import { AmqpError, errorCondition } from "../amqp-error.ts";
import { IncomingLink } from "./incoming-link.ts";
import { type LinkAddress, openNode, parseAddress, struckOperation } from "../link-kinds.ts";
import { OutgoingLink } from "./outgoing-link.ts";
import type { Link, Session } from "../transport/session.ts";

/** Frames kept for a link whose opening is put off; a client that sends more is told at once that something is wrong. */
const MAX_KEPT = 100;

interface Asked {
  readonly attach: Attach;
  readonly text: string;
  readonly address: LinkAddress | undefined;
}

export class LinkOpening {
  readonly #session: Session;
  readonly #add: (link: Link) => void;
  readonly #putOff = new Map<number, (Flow | Detach)[]>();

  constructor(session: Session, add: (link: Link) => void) {
    this.#session = session;
    this.#add = add;
  }

  /** Whether the opening of the link with this handle is put off. */
  isPutOff(handle: number): boolean {
    return this.#putOff.has(handle);
  }

  attach(attach: Attach): void {
    const text = (attach.role === "sender" ? attach.target : attach.source)?.address ?? "";
    const asked = { attach, text, address: parseAddress(text) };
    const strike = this.#strike(asked.address);
    switch (strike?.kind) {
      case "error":
        return this.#refuse(attach, errorCondition(strike.error));
      case "drop":
        return this.#session.connection.destroy();
      case "silence":
        return this.#postpone(attach.handle);
      case "delay":
        this.#postpone(attach.handle);
        void strike.over.then(() => this.#resume(asked));
        return;
      case undefined:
      case "lose":
      case "acceptThenDrop":
      case "detach":
      case "zeroCredit":
        return this.#open(asked);
    }
  }

  /** Keeps a frame for a link whose opening is put off; returns whether it is one. */
  keep(frame: Flow | Detach): boolean {
    if (this.#putOff.size === 0 || frame.handle === undefined) return false;
    const kept = this.#putOff.get(frame.handle);
    if (kept === undefined) return false;
    if (kept.length >= MAX_KEPT)
      throw new AmqpError("session", "amqp:resource-limit-exceeded", "The link is not open.");
    kept.push(frame);
    return true;
  }

  /** The session is over. */
  clear(): void {
    for (const _ of this.#putOff) this.#session.connection.allowance.linkRemoved();
    this.#putOff.clear();
  }

  // The first link of a device on a connection is where it connects.
  #strike(address: LinkAddress | undefined): Strike | undefined {
    const { context } = this.#session.connection;
    const about = struckOperation(address);
    if (about.deviceId !== undefined && !context.deviceLinks.has({ ...about, deviceId: about.deviceId })) {
      const strike = context.hub.faults.strike("connect", about);
      if (strike !== undefined) return strike;
    }
    return context.hub.faults.strike("attach", about);
  }

  #postpone(handle: number): void {
    this.#putOff.set(handle, []);
    this.#session.connection.allowance.linkAdded();
  }

  #resume(asked: Asked): void {
    const { handle } = asked.attach;
    const kept = this.#putOff.get(handle);
    if (kept === undefined) return;
    this.#putOff.delete(handle);
    this.#session.connection.allowance.linkRemoved();
    this.#session.attempt(() => {
      this.#open(asked);
      for (const frame of kept) {
        if (frame.type === "flow") this.#session.flow(frame);
        else this.#session.detach(frame);
      }
    });
  }

  #open({ attach, text, address }: Asked): void {
    try {
      const opened = openNode(this.#session.connection.context, address, { attach, address: text });
      const place = { kind: address?.kind ?? "", about: struckOperation(address) };
      if (opened.direction === "incoming") this.#openIncoming(attach, place, opened.node);
      else this.#openOutgoing(attach, place, opened.node);
    } catch (error) {
      if (error instanceof AmqpError && error.scope !== "link") throw error;
      this.#refuse(attach, errorCondition(error));
    }
  }

  #openIncoming(attach: Attach, place: Place, node: IncomingLink["node"]): void {
    const { name, handle, initialDeliveryCount } = attach;
    const link = new IncomingLink(this.#session, { ...place, name, handle, node, initialDeliveryCount });
    this.#add(link);
    this.#session.sendFrame((writer) =>
      writeAttach(writer, {
        name,
        handle,
        role: "receiver",
        sndSettleMode: attach.sndSettleMode,
        rcvSettleMode: 0,
        source: attach.source?.encoded,
        target: attach.target?.encoded,
        maxMessageSize: node.maxMessageSize,
      }),
    );
    node.opened?.(link);
    if (!link.detached) link.replenish();
  }

  #openOutgoing(attach: Attach, place: Place, node: OutgoingLink["node"]): void {
    const { name, handle } = attach;
    const settled = node.settledOnRequest === true ? attach.sndSettleMode === 1 : attach.sndSettleMode !== 0;
    const link = new OutgoingLink(this.#session, { ...place, name, handle, node, settled });
    this.#add(link);
    this.#session.sendFrame((writer) =>
      writeAttach(writer, {
        name,
        handle,
        role: "sender",
        sndSettleMode: settled ? 1 : 0,
        rcvSettleMode: attach.rcvSettleMode,
        source: attach.source?.encoded,
        target: attach.target?.encoded,
        ...(node.offeredCapabilities === undefined ? {} : { offeredCapabilities: node.offeredCapabilities }),
      }),
    );
    node.opened?.(link);
  }

  // [AMQP part 2, 2.6.3] A link is refused by attaching it without a terminus and detaching it at once.
  #refuse(attach: Attach, error: ErrorCondition): void {
    const { name, handle, sndSettleMode, rcvSettleMode } = attach;
    const role = attach.role === "sender" ? "receiver" : "sender";
    const node = { credit: 0, maxDeliveryBytes: 0, maxMessageSize: 0, deliver: () => {} };
    const place = { kind: "", about: struckOperation(undefined) };
    const link = new IncomingLink(this.#session, { ...place, name, handle, node, initialDeliveryCount: 0 });
    link.detached = true;
    this.#add(link);
    const terminus = { source: undefined, target: undefined };
    this.#session.sendFrame((writer) =>
      writeAttach(writer, { name, handle, role, sndSettleMode, rcvSettleMode, ...terminus }),
    );
    this.#session.sendFrame((writer) => writeDetach(writer, handle, error));
  }
}

type Place = Pick<IncomingLink, "kind" | "about">;
