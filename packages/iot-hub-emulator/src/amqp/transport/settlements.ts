/** Outcomes of deliveries, told with as few dispositions as possible: neighbours that were accepted share one. */
import type { ErrorCondition } from "../../amqp-codec/performatives.ts";
import type { DispositionFields } from "../../amqp-codec/performative-encoding.ts";

export class Settlements {
  #accepted: number[] = [];
  #rejected: { readonly id: number; readonly error: ErrorCondition }[] = [];

  accept(id: number): void {
    this.#accepted.push(id);
  }

  reject(id: number, error: ErrorCondition): void {
    this.#rejected.push({ id, error });
  }

  /** Writes all outcomes since the last call. */
  drain(write: (disposition: DispositionFields) => void): void {
    const [accepted, rejected] = [this.#accepted, this.#rejected];
    this.#accepted = [];
    this.#rejected = [];
    for (const { id, error } of rejected) {
      write({ role: "receiver", first: id, last: id, outcome: { kind: "rejected", error } });
    }
    for (const [first, last] of runs(accepted)) {
      write({ role: "receiver", first, last, outcome: { kind: "accepted" } });
    }
  }
}

/** Ids as ranges of neighbours. Delivery ids are serial numbers [RFC 1982]: after 2^32 - 1 comes 0. */
function runs(ids: number[]): (readonly [number, number])[] {
  ids.sort((a, b) => (a - b) | 0);
  const found: [number, number][] = [];
  let current: [number, number] | undefined;
  for (const id of ids) {
    if (current !== undefined && ((id - current[1]) | 0) === 1) current[1] = id;
    else found.push((current = [id, id]));
  }
  return found;
}
