/** What an emulator may be told when it is made. Everything has a default. */
import type { RoutingOptions } from "./hub/routing/routing-settings.ts";
import type { ClosedConnection } from "./mqtt/context.ts";
import type { HubError } from "./hub/errors.ts";
import type { Tier } from "./hub/limits/tiers.ts";

export interface EmulatorOptions {
  /** Where everything is kept that must survive. Without it the hub lives in memory. */
  readonly folder?: string;
  /** What clients call the hub; default `localhost`. */
  readonly hostName?: string;
  /** Further names for the certificate and for tokens. */
  readonly hostNames?: readonly string[];
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
  /** Of the built-in event stream, 2 to 32; default 4. With a folder it is fixed when the folder is new. */
  readonly partitionCount?: number;
  /** Memory for the newest events, in bytes; default 64 MB. */
  readonly eventMemoryBytes?: number;
  /** How long events are kept, in milliseconds; default one day. */
  readonly eventRetentionMs?: number;
  /** Size of the kept events of each event stream on disk, in bytes; default 1 GB. */
  readonly eventDiskBytes?: number;
  /**
   * PEM texts of certificate authorities whose devices are let in, besides the uploaded ones; `development` stands for the
   * hub's own, which signed its server certificate.
   */
  readonly deviceCertificateAuthorities?: readonly string[];
  /** Consumer groups to have besides `$Default`; with a folder they are kept. */
  readonly consumerGroups?: readonly string[];
  /** Routes, endpoints and enrichments; with a folder they are kept, and what is given here replaces what was kept. */
  readonly routing?: RoutingOptions;
  /** The clock below the hub's own, unix milliseconds; default the machine's. */
  readonly now?: () => number;
  /** Quotas, throttles and missing features as in an edition of the service; none when absent. */
  readonly tier?: Tier;
  /** How many units of the tier; default 1. */
  readonly units?: number;
  /** Azure Storage connection string of the account that devices upload files to; none when absent. */
  readonly storage?: string;
  /** Container of that account; default `device-files`. Made when it is missing. */
  readonly storageContainer?: string;
  /** Whether services are told of uploaded files; default yes. */
  readonly fileNotifications?: boolean;
  /** Told of every request that failed by the hub's own fault. */
  readonly reportFault?: (error: HubError) => void;
  /** Told of every MQTT connection that the hub refused or ended, and why: its protocol cannot tell the client. */
  readonly reportClosed?: (closed: ClosedConnection) => void;
}
