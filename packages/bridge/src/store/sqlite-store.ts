/** The embedded store: one SQLite file, one worker thread, grouped and flushed commits, small caches for the hot path. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { AuditEntries } from "../core/audit.ts";
import type { DeviceTraces } from "../core/device-links.ts";
import type { Incident } from "../core/delivery-history.ts";
import type { DoctorReports } from "../core/doctor.ts";
import type { Directory } from "../core/directory.ts";
import type { HubMeters } from "../core/hub-meter.ts";
import type { Identities, KnownIdentity } from "../core/identities.ts";
import type { RecentEvents } from "../core/recent-events.ts";
import type { TestIdentities } from "../core/test-identities.ts";
import type { Sources } from "../core/source.ts";
import type { AppKeys, ThingRecords } from "../core/thing-store.ts";
import type { Backup } from "../core/backup.ts";
import { backUp, removeLeftBackups } from "./backup.ts";
import type { Changes } from "./changes.ts";
import { createDeviceSearch } from "./device-search.ts";
import type { TwinHistory } from "../core/twin-history.ts";
import type { DeviceStates, HubRemovals, ReadingPositions, StateSettingsStore } from "../core/state-store.ts";
import { keepHighWater, readHighWater } from "./high-water.ts";
import { lockFolder } from "./lock.ts";
import { rotateSecrets, settleKeys } from "./key-rotation.ts";
import { SecretKeys, type SecretKeySource } from "./secret-keys.ts";
import { createSecrets } from "./secrets.ts";
import { createAccounts } from "./sqlite-accounts.ts";
import { createAppKeys } from "./sqlite-app-keys.ts";
import { createApiUsers } from "./sqlite-api-users.ts";
import { createAudit } from "./sqlite-audit.ts";
import { createDeliveries, type SqliteDeliveries } from "./sqlite-deliveries.ts";
import { createDeviceTraces } from "./sqlite-device-traces.ts";
import { createDoctorReports } from "./sqlite-doctor-reports.ts";
import { createDevices } from "./sqlite-devices.ts";
import { createHubIdentities, type SqliteHubIdentities } from "./sqlite-hub-identities.ts";
import { createHubMeters } from "./sqlite-hub-meters.ts";
import { createIncidents, type SqliteIncidents } from "./sqlite-incidents.ts";
import { createIntegrations, type SqliteIntegrations } from "./sqlite-integrations.ts";
import { createLooking } from "./sqlite-looking.ts";
import { createProducts } from "./sqlite-products.ts";
import { createSources } from "./sqlite-sources.ts";
import { createStateSettings } from "./sqlite-state-settings.ts";
import { createStates } from "./sqlite-states.ts";
import { createTwinHistory } from "./sqlite-twin-history.ts";
import { createThings } from "./sqlite-things.ts";
import { createTurns } from "./turns.ts";
import { GroupCommit } from "./sqlite/group-commit.ts";

export interface SqliteStoreOptions {
  /** Data folder; made (0700) when it is not there. */
  readonly folder: string;
  /** The disk failed a write or a flush: the process must end and start again from what is on disk. */
  readonly onFatal: (error: Error) => void;
  /** Where the key of the secrets is; absent: `secret.key` in the folder. */
  readonly secretKey?: SecretKeySource | null;
  /** Told after a device got another name. */
  readonly onDeviceRenamed?: (deviceId: string) => void;
  /** Told after anything of a device changed: its product, approval, owner, tokens, or its being there. */
  readonly onDeviceChanged?: (deviceId: string) => void;
  /** Told at opening when less is there than had been written. */
  readonly onIncident?: (incident: Incident) => void;
  /** Told how many seconds each group of writes took to be on disk. */
  readonly onFlushed?: (seconds: number) => void;
  /** Told of deliveries that ended because their Thing was deleted. */
  readonly onDeliveriesEnded?: (changes: Changes) => void;
  readonly now?: () => number;
}

export interface SqliteStore
  extends
    Directory,
    SqliteIntegrations,
    SqliteDeliveries,
    SqliteIncidents,
    Identities,
    HubMeters,
    SqliteHubIdentities,
    DeviceTraces,
    DoctorReports,
    AppKeys,
    AuditEntries,
    ThingRecords,
    Sources,
    RecentEvents,
    DeviceStates,
    ReadingPositions,
    HubRemovals,
    StateSettingsStore,
    TestIdentities,
    TwinHistory {
  /** Seals all secrets anew under a new key; resolves with how many rows. Throws where the operator keeps the key himself. */
  rotateSecrets(): Promise<number>;
  /** A copy of the database as it is now. */
  backUp(): Promise<Backup>;
  /** False once the disk or the worker failed. */
  isAlive(): boolean;
  /** For how long writes have been waiting for the disk, in milliseconds. */
  waitedMs(): number;
  /** Calls that wait for a flush: how far publishers are ahead of the disk. */
  depth(): number;
  /** When the disk was last found full, unix milliseconds; `null` once it took a write again. */
  fullAt(): number | null;
  /** Ends when all calls so far are on disk and the folder is free for the next process. */
  close(): Promise<void>;
}

export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const {
    folder,
    onFatal,
    onDeviceRenamed = () => undefined,
    onDeviceChanged = () => undefined,
    onIncident = () => undefined,
    onDeliveriesEnded = () => undefined,
    now = Date.now,
  } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = await lockFolder(folder);
  try {
    await removeLeftBackups(folder);
    const keys = new SecretKeys(join(folder, "secret.key"), options.secretKey ?? null);
    const secrets = createSecrets(() => keys.all);
    const worker = await GroupCommit.open(join(folder, "isthmus.db"), onFatal, options.onFlushed);
    const inTurn = createTurns();
    const rotation = { worker, keys, secrets, exclusively: inTurn };
    await settleKeys(rotation).catch(async (error: unknown) => {
      await worker.close();
      throw error;
    });
    const mark = await readHighWater(folder);
    const incident = mark === null ? null : await worker.call("catchUp", mark, now());
    if (incident !== null) onIncident(incident);
    const highWater = keepHighWater(folder, worker);
    const { forgetTokensOf, ...accounts } = createAccounts({ worker, now });
    const { productGone, devicesChanged, ...devices } = createDevices({
      worker,
      now,
      onDeviceRenamed,
      onDeviceChanged,
    });
    const onDeleted = (productId: number, deviceIds: readonly string[], apiUserIds: readonly string[]): void => {
      appKeys.forgetAppSecret(productId);
      productGone(deviceIds);
      for (const id of apiUserIds) forgetTokensOf(id);
    };
    const products = createProducts({ worker, now, onDeleted });
    const appKeys = createAppKeys({ worker, secrets, inTurn, product: products.product });
    return {
      ...accounts,
      ...createApiUsers({ worker, now, forgetTokensOf }),
      ...devices,
      ...createDeviceSearch(worker),
      ...products,
      ...appKeys,
      ...createIntegrations({ worker, secrets, now, inTurn }),
      ...createDeliveries({ worker, now, heardFrom: devices.heardFrom }),
      ...createIncidents(worker, now),
      ...createAudit(worker),
      ...createIdentities(worker, now),
      ...createHubMeters(worker),
      ...createHubIdentities(worker),
      ...createDeviceTraces(worker),
      ...createDoctorReports(worker),
      ...createSources({ worker, secrets, now, inTurn }),
      ...createLooking(worker, now),
      ...createStates(worker),
      ...createThings({ worker, now, onChanged: devicesChanged, onEnded: onDeliveriesEnded }),
      ...createTwinHistory(worker),
      ...createStateSettings({ worker, secrets, inTurn }),
      rotateSecrets: () => rotateSecrets(rotation),
      backUp: () => backUp(worker, folder),
      isAlive: () => worker.isAlive,
      waitedMs: () => worker.waitedMs,
      depth: () => worker.depth,
      fullAt: () => worker.fullAt,
      async close() {
        await highWater.stop();
        // When the disk is full this is not worth more than an attempt.
        await worker.call("writeGathered").catch(() => null);
        await worker.close();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function createIdentities(worker: GroupCommit, now: () => number): Identities {
  return {
    identity(connectionId: string, deviceId: string): Promise<KnownIdentity | null> {
      return worker.call("identity", connectionId, deviceId);
    },

    async saveIdentity(connectionId: string, deviceId: string, identity: KnownIdentity): Promise<void> {
      await worker.call("saveIdentity", connectionId, deviceId, identity, now());
    },

    identityLost(connectionId: string, deviceId: string, day: string): Promise<number> {
      return worker.call("identityLost", connectionId, deviceId, day);
    },

    identityLosses(connectionId: string, deviceId: string, day: string): Promise<number> {
      return worker.call("identityLosses", connectionId, deviceId, day);
    },
  };
}
