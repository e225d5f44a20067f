/**
 * Lanes that wait for their turn to send. Each integration has a queue of its own and they take turns, so that a fleet's
 * backlog does not keep a few devices of another integration waiting.
 */
import type { Lane } from "./lane.ts";

/** Places taken from the head of a queue before it is compacted: shifting a long array for each lane costs too much. */
const COMPACT_AFTER = 1_024;

interface Fifo {
  lanes: Lane[];
  head: number;
}

export class LaneQueue {
  readonly #byIntegration = new Map<string, Fifo>();
  /** Those that are not empty, in the order of their turns. */
  readonly #turns: Fifo[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(lane: Lane): void {
    let fifo = this.#byIntegration.get(lane.integrationId);
    if (fifo === undefined) {
      fifo = { lanes: [], head: 0 };
      this.#byIntegration.set(lane.integrationId, fifo);
    }
    if (fifo.head === fifo.lanes.length) this.#turns.push(fifo);
    fifo.lanes.push(lane);
    this.#size += 1;
  }

  take(): Lane | undefined {
    const fifo = this.#turns.shift();
    if (fifo === undefined) return undefined;
    const lane = fifo.lanes[fifo.head++];
    this.#size -= 1;
    if (fifo.head < fifo.lanes.length) this.#turns.push(fifo);
    if (fifo.head === fifo.lanes.length || (fifo.head > COMPACT_AFTER && fifo.head * 2 > fifo.lanes.length)) {
      fifo.lanes = fifo.lanes.slice(fifo.head);
      fifo.head = 0;
    }
    return lane;
  }

  /** Takes out all lanes of an integration. */
  drain(integrationId: string): Lane[] {
    const fifo = this.#byIntegration.get(integrationId);
    if (fifo === undefined) return [];
    this.#byIntegration.delete(integrationId);
    const turn = this.#turns.indexOf(fifo);
    if (turn >= 0) this.#turns.splice(turn, 1);
    const lanes = fifo.lanes.slice(fifo.head);
    this.#size -= lanes.length;
    return lanes;
  }
}
