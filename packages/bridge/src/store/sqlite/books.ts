/** What is kept up with every settlement, so that nobody has to count rows. */
import { createCauses, type Causes } from "./causes.ts";
import { createCounters, type Counters } from "./counters.ts";
import { createHubMeter, type HubMeter } from "./hub-meter.ts";
import { createIntegrationLogs, type IntegrationLogs } from "./integration-logs.ts";
import { createReplays, type Replays } from "./replay-counts.ts";
import type { Transaction } from "./transaction.ts";

export interface Books {
  readonly counters: Counters;
  readonly causes: Causes;
  readonly logs: IntegrationLogs;
  readonly meter: HubMeter;
  readonly replays: Replays;
}

export function openBooks(transaction: Transaction): Books {
  return {
    counters: createCounters(transaction),
    causes: createCauses(transaction),
    logs: createIntegrationLogs(transaction),
    meter: createHubMeter(transaction),
    replays: createReplays(transaction),
  };
}
