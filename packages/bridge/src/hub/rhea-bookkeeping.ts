/**
 * What the AMQP library keeps but does not publish, and the bridge must know to be sure of every message. Three of its
 * habits make this necessary: a delivery without credit or session window holds up all links of its session; deliveries
 * leave its ring in order only, so one that is never settled would fill the ring; `sendable()` does not count the sends
 * of the current turn.
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
