/** What a hub is made of before it is one: its journal, its streams, and what was read from them. */
import { CertificateAuthorities, parseAuthorities } from "./access/certificate-authorities.ts";
import { Policies } from "./access/policies.ts";
import { HubClock } from "./clock/clock.ts";
import { ConsumerGroups } from "./events/consumer-groups.ts";
import { openStreams } from "./events/open-streams.ts";
import type { Streams } from "./events/streams.ts";
import { eventWriter } from "./events/telemetry.ts";
import type { WriteEvents } from "./events/telemetry.ts";
import type { FileUploadOptions } from "./files/file-uploads.ts";
import type { HubOptions } from "./hub-options.ts";
import type { OpenContainer } from "./jobs/transfer.ts";
import { openHubFolder } from "./journal/folder.ts";
import { createMemoryJournal } from "./journal/journal.ts";
import type { Journal } from "./journal/journal.ts";
import { Limits } from "./limits/limits.ts";
import { Devices } from "./registry/devices.ts";
import type { DeviceRecord } from "./registry/devices.ts";
import { Routing } from "./routing/routing.ts";
import { formatSection } from "./twins/twin.ts";
import type { JsonObject } from "./twins/twin.ts";

const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]", "host.docker.internal"];

export interface HubParts {
  readonly hostName: string;
  readonly hostNames: ReadonlySet<string>;
  readonly journal: Journal;
  /** Closes and lets go of all that was opened for the hub. */
  readonly release: () => Promise<void>;
  readonly policies: Policies;
  readonly devices: Devices;
  readonly certificateAuthorities: CertificateAuthorities;
  readonly streams: Streams;
  readonly consumerGroups: ConsumerGroups;
  readonly routing: Routing;
  readonly write: WriteEvents;
  readonly clock: HubClock;
  readonly limits: Limits;
  readonly maxDeliveryCount: number;
  readonly files: Pick<FileUploadOptions, "storage" | "isNotifying">;
  readonly openContainer: OpenContainer | undefined;
}

/** Opens journal, streams and all else that must be read before there is a hub. Nothing stays open when it throws. */
export async function openHubParts({
  hostName = "localhost",
  hostNames = [],
  encodeEvent,
  secrets = [],
  folder,
  partitionCount = 4,
  eventMemoryBytes = 64 * 1024 * 1024,
  eventRetentionMs = 24 * 3600_000,
  eventDiskBytes = 1024 * 1024 * 1024,
  consumerGroups = [],
  routing,
  deviceCertificateAuthorities = [],
  now: base = Date.now,
  tier,
  units,
  maxDeliveryCount = 10,
  storage,
  openContainer,
  fileNotifications: isNotifying = true,
}: HubOptions): Promise<HubParts> {
  const clock = new HubClock(base);
  const { now } = clock;
  const given = deviceCertificateAuthorities.flatMap(parseAuthorities);
  const kept =
    folder === undefined
      ? undefined
      : await openHubFolder(folder, { partitionCount, diskBytes: eventDiskBytes, now: now() });
  const journal = kept?.journal ?? createMemoryJournal(secrets);
  const streams = openStreams({
    folder: kept,
    builtInName: `iothub-ehub-${labelOf(hostName)}`,
    partitionCount,
    memoryBytes: eventMemoryBytes,
    diskBytes: eventDiskBytes,
    retentionMs: eventRetentionMs,
    now,
  });
  const devices = new Devices(journal);
  const limits = Limits.open(journal, { clock, ...(tier && { tier }), ...(units !== undefined && { units }) });
  const write = eventWriter(encodeEvent);
  const release = async (): Promise<void> => {
    await streams.close();
    await journal.close();
    await kept?.release();
  };
  try {
    return {
      hostName,
      hostNames: new Set([...LOOPBACK_NAMES, ...hostNames].map((name) => name.toLowerCase())),
      journal,
      release,
      policies: await Policies.open(journal),
      devices,
      certificateAuthorities: new CertificateAuthorities(journal, now, given),
      streams,
      consumerGroups: await ConsumerGroups.open(journal, consumerGroups),
      routing: await Routing.open(
        { hubName: labelOf(hostName), streams, journal, write, readTwin: (ref) => twinParts(devices.get(ref)) },
        routing,
      ),
      write,
      clock,
      limits,
      maxDeliveryCount,
      openContainer,
      files: { ...(storage && { storage }), isNotifying },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** What routes can ask of a twin. */
function twinParts(record: DeviceRecord | undefined): JsonObject | undefined {
  if (record === undefined) return undefined;
  const { tags, desired, reported } = record.twin;
  return { tags, properties: { desired: formatSection(desired), reported: formatSection(reported) } };
}

/** First label of a host name. */
export function labelOf(hostName: string): string {
  return hostName.split(".")[0] ?? hostName;
}
