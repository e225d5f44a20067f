/** In-band faults on an MQTT connection: it ends, or for a while nothing is accepted on it. */
import { unauthorized } from "../hub/access/authentication.ts";
import { HubError } from "../hub/errors.ts";
import type { HubErrorName } from "../hub/errors.ts";
import type { InBandFault, InBandFaultOperation } from "../hub/faults/in-band-faults.ts";
import type { DevicePeer } from "./device-peer.ts";
import { MqttError } from "./packets.ts";

/** Faults that last: what is published meanwhile fails with this. */
const REFUSALS: ReadonlyMap<InBandFaultOperation, HubErrorName> = new Map([
  ["Throttle", "ThrottlingException"],
  ["QuotaExceeded", "IotHubQuotaExceeded"],
]);

const MAX_PENDING = 16;

export class InBandFaults {
  readonly #peer: DevicePeer;
  readonly #pending = new Set<() => void>();
  #refusal: { readonly errorName: HubErrorName; readonly endsAt: number } | undefined;

  constructor(peer: DevicePeer) {
    this.#peer = peer;
  }

  /** Lets the fault strike when it is due; the message that asked for it is answered first. */
  strike(fault: InBandFault): void {
    if (this.#pending.size >= MAX_PENDING) return;
    const run = (): void => {
      this.#pending.delete(cancel);
      this.#act(fault);
    };
    const { clock } = this.#peer.hub;
    const cancel = fault.delayMs === 0 ? soon(run) : clock.at(clock.now() + fault.delayMs, run);
    this.#pending.add(cancel);
  }

  /** Throws what a lasting fault refuses with. */
  requireNone(): void {
    if (this.#refusal === undefined) return;
    if (this.#peer.hub.now() >= this.#refusal.endsAt) this.#refusal = undefined;
    else throw new HubError(this.#refusal.errorName, "The device asked for this fault on its connection.");
  }

  stop(): void {
    for (const cancel of this.#pending) cancel();
    this.#pending.clear();
  }

  #act({ operation, closeReason, durationMs }: InBandFault): void {
    const { wire, hub } = this.#peer;
    const reason = `The device asked for ${operation}${closeReason === "" ? "" : `: ${closeReason}`}.`;
    const errorName = REFUSALS.get(operation);
    if (errorName !== undefined) this.#refusal = { errorName, endsAt: hub.now() + durationMs };
    else if (operation === "ShutDownMqtt") wire.close(new MqttError(reason));
    else if (operation === "KillTcp") wire.cut(new MqttError(reason));
    else if (operation === "Auth") wire.close(unauthorized(reason));
  }
}

// Output leaves at the end of a turn, so the answer is out by the end of the next: a client without it would ask again.
function soon(run: () => void): () => void {
  let immediate = setImmediate(() => (immediate = setImmediate(run)));
  return () => clearImmediate(immediate);
}
