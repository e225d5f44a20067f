/** What an emulator may be told when it is made. Everything has a default. */
import type { HubError } from "./hub/errors.ts";
import type { HubOptions } from "./hub/hub-options.ts";
import type { ClosedConnection } from "./mqtt/context.ts";

/**
 * All that a hub may be told, and where it is found. Its `hostNames` stand in the certificate too, and among
 * `deviceCertificateAuthorities` the word `development` stands for the hub's own, which signed its server certificate.
 */
export interface EmulatorOptions extends Omit<HubOptions, "encodeEvent" | "secrets" | "storage" | "openContainer"> {
  /** Address to listen on; default `127.0.0.1`. */
  readonly host?: string;
  /**
   * 0 picks a free port. Defaults: HTTPS 443, or 8443 where that is not permitted; AMQPS 5671; MQTTS 8883; AMQP (no TLS)
   * 5672, or any free one where that is taken. Where AMQPS is 0, so are MQTTS and AMQP unless they are given.
   */
  readonly ports?: {
    readonly https?: number;
    readonly amqps?: number;
    readonly mqtts?: number;
    readonly amqp?: number;
  };
  /** 0 picks a free port for every listener that `ports` does not name: what tests want. */
  readonly port?: 0;
  /** Azure Storage connection string of the account that devices upload files to; none when absent. */
  readonly storage?: string;
  /** Container of that account; default `device-files`. Made when it is missing. */
  readonly storageContainer?: string;
  /** Told of every request that failed by the hub's own fault. */
  readonly reportFault?: (error: HubError) => void;
  /** Told of every MQTT connection that the hub refused or ended, and why: its protocol cannot tell the client. */
  readonly reportClosed?: (closed: ClosedConnection) => void;
}
