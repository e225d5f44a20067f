/** The turns of each hub, shared by all who open links of devices to it. */
import { LinkTurns } from "./link-turns.ts";

export class HubTurns {
  /** By host name. */
  readonly #turns = new Map<string, LinkTurns>();

  of(hostName: string): LinkTurns {
    for (const [name, turns] of this.#turns) if (turns.isUnused) this.#turns.delete(name);
    const turns = this.#turns.get(hostName) ?? new LinkTurns();
    this.#turns.set(hostName, turns);
    return turns;
  }
}
