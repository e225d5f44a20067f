/**
 * What the AMQP library keeps but does not publish, and the bridge must know to be sure of every message. Some of its
 * habits make this necessary: a delivery without credit or session window holds up all links of its session; deliveries
 * leave its ring in order only, so one that is never settled would fill the ring; `sendable()` does not count the sends
 * of the current turn. And on each turn it walks all links of a session to see whether one has something to say, which with
a thousand links costs more than sending: links that are known to be quiet are kept out of that walk.
 */
import type { Delivery, Sender, Session } from "rhea";

interface SenderState {
  readonly credit: number;
  readonly delivery_count: number;
}

interface SessionState {
  readonly outgoing: { available(): number; readonly next_pending_delivery: number };
  readonly remote: { readonly begin?: { readonly handle_max?: number | null } };
}

interface LinkTable {
  links: Record<string, unknown>;
}

interface DeliveryState {
  settled: boolean;
  remote_settled: boolean;
  data: readonly Buffer[];
}

/** Messages that may still be sent on a link, given how many have been sent on it in its life. */
export function creditLeft(sender: Sender, sent: number): number {
  const { credit, delivery_count: written } = sender as unknown as SenderState;
  return written + credit - sent;
}

/** Deliveries that the session's ring can still take; beyond it the library throws. */
export function ringRoom(session: Session): number {
  return (session as unknown as SessionState).outgoing.available();
}

/** Whether all of a delivery has been written to the socket. If not, the hub has closed the session's window. */
export function isWritten(session: Session, delivery: Delivery): boolean {
  return delivery.id < (session as unknown as SessionState).outgoing.next_pending_delivery;
}

/** Lets a written delivery leave the ring, and its bytes the memory, whether the hub settles it or not. */
export function forget(delivery: Delivery): void {
  const state = delivery as unknown as DeliveryState;
  state.settled = true;
  state.remote_settled = true;
  state.data = [];
}

/** How many links the hub takes on this session. */
export function linkLimit(session: Session): number {
  const handleMax = (session as unknown as SessionState).remote.begin?.handle_max;
  return handleMax === undefined || handleMax === null ? Number.POSITIVE_INFINITY : handleMax + 1;
}

/** The links of a session that the library looks at on each turn. */
export interface LinkWalk {
  /** Attached, and nothing to say until it is closed. */
  quiet(sender: Sender): void;
  /** About to be closed: the library must see it again. */
  busy(sender: Sender): void;
}

/** Lookups by name still find every link; only the walk over all of them is cut short. */
export function shortenLinkWalk(session: Session): LinkWalk {
  const table = session as unknown as LinkTable;
  const watched = new Set<string>(Object.keys(table.links));
  table.links = new Proxy(table.links, {
    ownKeys: () => [...watched],
    set(links, name, link) {
      watched.add(String(name));
      return Reflect.set(links, name, link);
    },
    deleteProperty(links, name) {
      watched.delete(String(name));
      return Reflect.deleteProperty(links, name);
    },
  });
  return {
    quiet: (sender) => void watched.delete(sender.name),
    busy: (sender) => void watched.add(sender.name),
  };
}
