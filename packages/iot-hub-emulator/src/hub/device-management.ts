/** Device management: what works on many devices at a time: queries, configurations, jobs, imports and exports. */
import type { HubClock } from "./clock/clock.ts";
import { Configurations } from "./configurations/configurations.ts";
import { Rollout } from "./configurations/rollout.ts";
import { JobHistory } from "./jobs/job-history.ts";
import { Jobs } from "./jobs/jobs.ts";
import type { OpenContainer } from "./jobs/transfer.ts";
import { Transfers } from "./jobs/transfers.ts";
import type { Journal } from "./journal/journal.ts";
import type { Methods } from "./methods/methods.ts";
import { Query } from "./query/query.ts";
import type { Devices } from "./registry/devices.ts";
import type { Registry } from "./registry/registry.ts";
import type { Twins } from "./twins/twins.ts";

export interface DeviceManagementParts {
  readonly journal: Journal;
  readonly clock: HubClock;
  readonly devices: Devices;
  readonly registry: Registry;
  readonly twins: Twins;
  readonly methods: Methods;
  readonly openContainer: OpenContainer | undefined;
}

export interface DeviceManagement {
  readonly query: Query;
  readonly configurations: Configurations;
  readonly jobs: Jobs;
  readonly transfers: Transfers;
  /** Begins nothing more; resolves when what is under way is written. */
  close(): Promise<void>;
}

export function openDeviceManagement({
  journal,
  clock,
  devices,
  registry,
  twins,
  methods,
  openContainer,
}: DeviceManagementParts): DeviceManagement {
  const history = new JobHistory(journal);
  const query = new Query({
    devices,
    twins,
    deviceJobs: (from) => history.from(from),
    configurationsOf: (ref) => rollout.statusesOf(ref),
  });
  registry.onChange((change) => query.follow(change));
  const rollout = new Rollout({ journal, registry, query, twins });
  const configurations = new Configurations({ journal, clock, query, registry, twins, rollout });
  const jobs = new Jobs({ journal, clock, query, twins, methods, history });
  const transfers = new Transfers({ journal, clock, query, registry, twins, ...(openContainer && { openContainer }) });
  return {
    query,
    configurations,
    jobs,
    transfers,
    async close() {
      jobs.close();
      await rollout.close();
      await transfers.close();
    },
  };
}
