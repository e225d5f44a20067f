/** Deliveries of ours whose outcome somebody waits for, by delivery id and by link. */
import type { OutgoingLink } from "../links/outgoing-link.ts";

export interface UnsettledDelivery {
  readonly id: number;
  readonly link: OutgoingLink;
  readonly lockToken: string;
}

export class Unsettled {
  readonly #deliveries = new Map<number, UnsettledDelivery>();
  readonly #byLink = new Map<OutgoingLink, Set<number>>();

  add(delivery: UnsettledDelivery): void {
    this.#deliveries.set(delivery.id, delivery);
    const ids = this.#byLink.get(delivery.link);
    if (ids === undefined) this.#byLink.set(delivery.link, new Set([delivery.id]));
    else ids.add(delivery.id);
  }

  /** Takes out those of a range in the order they were sent. A range may be wider than anything that was ever sent. */
  take(first: number, last: number): readonly UnsettledDelivery[] {
    const width = (last - first) >>> 0;
    const found: UnsettledDelivery[] = [];
    if (width === 0) {
      const one = this.#deliveries.get(first);
      if (one !== undefined) found.push(one);
    } else {
      for (const delivery of this.#deliveries.values()) {
        if ((delivery.id - first) >>> 0 <= width) found.push(delivery);
      }
    }
    for (const { id, link } of found) {
      this.#deliveries.delete(id);
      this.#byLink.get(link)?.delete(id);
    }
    return found;
  }

  /** A link is gone, and with it all interest in what became of its deliveries. */
  forget(link: OutgoingLink): void {
    for (const id of this.#byLink.get(link) ?? []) this.#deliveries.delete(id);
    this.#byLink.delete(link);
  }
}
