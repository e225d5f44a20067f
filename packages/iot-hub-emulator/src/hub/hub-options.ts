/** What a hub may be told when it is opened. */
import type { JournalEntry } from "./journal/journal.ts";
import type { BlobStorage } from "./files/file-uploads.ts";
import type { EncodeEvent } from "./events/telemetry.ts";
import type { OpenContainer } from "./jobs/transfer.ts";
import type { RoutingOptions } from "./routing/routing-settings.ts";
import type { Tier } from "./limits/tiers.ts";

export interface HubOptions {
  /** What clients call the hub; default `localhost`. */
  readonly hostName?: string;
  /** Further names that tokens may be made for; loopback names always are. */
  readonly hostNames?: readonly string[];
  readonly encodeEvent: EncodeEvent;
  /** Of an earlier hub whose place this one takes; a hub with a folder finds them there. */
  readonly secrets?: readonly JournalEntry[];
  /** Where everything is kept; without it the hub lives in memory and forgets. */
  readonly folder?: string;
  /** 2 to 32; default 4. With a folder it is fixed when the folder is new. */
  readonly partitionCount?: number;
  /** Memory for the newest events, in bytes; default 64 MB. */
  readonly eventMemoryBytes?: number;
  /** How long events are kept, in milliseconds; default one day. */
  readonly eventRetentionMs?: number;
  /** Size of the kept events of each stream on disk, in bytes; default 1 GB. */
  readonly eventDiskBytes?: number;
  /** PEM texts of certificate authorities whose devices are let in, besides the uploaded ones. */
  readonly deviceCertificateAuthorities?: readonly string[];
  /** Consumer groups to have besides `$Default`; with a folder they are kept. */
  readonly consumerGroups?: readonly string[];
  /** Deliveries after which a cloud-to-device message is given up, 1 to 100; default 10. */
  readonly maxDeliveryCount?: number;
  /** Where devices upload files to; nowhere when absent. */
  readonly storage?: BlobStorage;
  /** Opens the blob containers of imports and exports; without it the hub has neither. */
  readonly openContainer?: OpenContainer;
  /** Whether services are told of uploaded files; default yes. */
  readonly fileNotifications?: boolean;
  /** Routes, endpoints and enrichments; with a folder they are kept, and what is given here replaces what was kept. */
  readonly routing?: RoutingOptions;
  /** The clock below the hub's own, unix milliseconds; default the machine's. */
  readonly now?: () => number;
  /** Quotas, throttles and missing features of an edition; none when absent. */
  readonly tier?: Tier;
  /** How many units of the tier; default 1. */
  readonly units?: number;
}
