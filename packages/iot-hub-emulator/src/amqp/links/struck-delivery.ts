/** What a scripted fault does to a message that comes in. */
import type { Strike } from "../../hub/faults/faults.ts";
import { errorCondition } from "../amqp-error.ts";
import { DELIVERY_OVERHEAD, type Delivery } from "./delivery.ts";
import type { IncomingLink } from "./incoming-link.ts";

/** Struck instead of handed to the node by `deliver`. */
export function strikeDelivery(
  link: IncomingLink,
  strike: Strike,
  delivery: Delivery,
  deliver: (delivery: Delivery) => void,
): void {
  const { connection } = link.session;
  switch (strike.kind) {
    case "error":
      return delivery.reject(strike.error);
    case "detach":
      return link.detach(errorCondition(strike.error));
    case "lose":
      return delivery.accept();
    case "drop":
      return connection.destroy();
    case "acceptThenDrop":
      return deliver(delivery.instead(() => connection.destroy()));
    case "delay":
      return deliverLater(link, strike.over, delivery, deliver);
    case "silence":
    case "zeroCredit":
      return;
  }
}

// What waits is memory, as what waits for the hub is.
function deliverLater(
  link: IncomingLink,
  over: Promise<void>,
  delivery: Delivery,
  deliver: (delivery: Delivery) => void,
): void {
  const { pending } = link.session.connection.context;
  const bytes = delivery.payload.length + DELIVERY_OVERHEAD;
  pending(bytes);
  void over.then(() => {
    pending(-bytes);
    if (!link.detached) link.session.attempt(() => deliver(delivery));
  });
}
