/** What the HTTPS front knows of the emulator around its hub. */
import type { DecodeEvent } from "../hub/events/hub-event.ts";

export interface Site {
  readonly addresses: {
    readonly hostName: string;
    readonly httpsPort: number;
    readonly amqpsPort: number;
    readonly mqttsPort: number;
    readonly amqpPort: number;
    /** PEM of the CA to trust. */
    readonly ca: string;
    readonly connectionString: string;
    readonly eventHubConnectionString: string;
    readonly plainEventHubConnectionString: string;
    readonly idScope: string;
    readonly provisioningConnectionString: string;
  };
  readonly decodeEvent: DecodeEvent;
  /** Makes the hub as new; see `Emulator.reset`. */
  reset(): Promise<void>;
}
