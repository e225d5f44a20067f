/** In-band faults on an AMQP connection: a part of it ends, or for a while nothing is accepted on it. */
import type { HubClock } from "../../hub/clock/clock.ts";
import { HubError, type HubErrorName } from "../../hub/errors.ts";
import type { InBandFault, InBandFaultOperation } from "../../hub/faults/in-band-faults.ts";
import { forced } from "../amqp-error.ts";
import type { IncomingLink } from "../links/incoming-link.ts";
import type { Link } from "../transport/session.ts";

/** What ends: links of one kind of address, in one direction. */
interface LinkTarget {
  readonly kind: string;
  readonly direction: Link["direction"];
}

/** Names are of the device's side: it sends requests on the links that come in here. */
const LINKS: Readonly<Partial<Record<InBandFaultOperation, LinkTarget>>> = {
  KillAmqpCBSLinkReq: { kind: "cbs", direction: "incoming" },
  KillAmqpCBSLinkResp: { kind: "cbs", direction: "outgoing" },
  KillAmqpD2CLink: { kind: "telemetry", direction: "incoming" },
  KillAmqpC2DLink: { kind: "deviceBound", direction: "outgoing" },
  KillAmqpTwinLinkReq: { kind: "twin", direction: "incoming" },
  KillAmqpTwinLinkResp: { kind: "twin", direction: "outgoing" },
  KillAmqpMethodReqLink: { kind: "methods", direction: "outgoing" },
  KillAmqpMethodRespLink: { kind: "methods", direction: "incoming" },
};

/** Faults that last: what a device asks for meanwhile fails with this. */
const REFUSALS: Readonly<Partial<Record<InBandFaultOperation, HubErrorName>>> = {
  Throttle: "ThrottlingException",
  QuotaExceeded: "IotHubQuotaExceeded",
  Auth: "IotHubUnauthorizedAccess",
};

const MAX_PENDING = 16;

/** The connection that a fault acts on. */
export interface FaultyConnection {
  readonly clock: HubClock;
  links(): Iterable<Link>;
  force(text: string): void;
  destroy(): void;
}

export class InBandFaults {
  readonly #connection: FaultyConnection;
  readonly #pending = new Set<() => void>();
  #refusal: { readonly errorName: HubErrorName; readonly text: string; readonly endsAt: number } | undefined;

  constructor(connection: FaultyConnection) {
    this.#connection = connection;
  }

  /** Lets the fault strike when it is due; the message that asked for it, on `asker`, is answered first. */
  strike(fault: InBandFault, asker: IncomingLink): void {
    if (this.#pending.size >= MAX_PENDING) return;
    const run = (): void => {
      this.#pending.delete(cancel);
      this.#act(fault, asker);
    };
    const { clock } = this.#connection;
    const cancel = clock.at(clock.now() + fault.delayMs, run);
    this.#pending.add(cancel);
  }

  /** What a lasting fault refuses with now. */
  get refusal(): HubError | undefined {
    if (this.#refusal === undefined) return undefined;
    const { errorName, text, endsAt } = this.#refusal;
    if (this.#connection.clock.now() < endsAt) return new HubError(errorName, text);
    this.#refusal = undefined;
    return undefined;
  }

  /** The connection is gone. */
  stop(): void {
    for (const cancel of this.#pending) cancel();
    this.#pending.clear();
  }

  #act({ operation, closeReason, durationMs }: InBandFault, asker: IncomingLink): void {
    const text = `The device asked for ${operation}${closeReason === "" ? "" : `: ${closeReason}`}.`;
    const errorName = REFUSALS[operation];
    const target = LINKS[operation];
    if (errorName !== undefined) {
      this.#refusal = { errorName, text, endsAt: this.#connection.clock.now() + durationMs };
    } else if (target !== undefined) this.#detach(target, asker, text);
    else if (operation === "KillTcp") this.#connection.destroy();
    else if (operation === "KillAmqpSession") asker.session.end(forced(text));
    else if (operation === "KillAmqpConnection" || operation === "ShutDownAmqp") this.#connection.force(text);
  }

  // Of links for devices only those of the device that asked.
  #detach({ kind, direction }: LinkTarget, asker: IncomingLink, text: string): void {
    const { deviceId, moduleId } = asker.about;
    for (const link of this.#connection.links()) {
      if (link.detached || link.kind !== kind || link.direction !== direction) continue;
      const own = link.about.deviceId === deviceId && link.about.moduleId === moduleId;
      if (own || link.about.deviceId === undefined) link.detach(forced(text));
    }
  }
}
