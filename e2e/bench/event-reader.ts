/** Reads a hub from now on with Microsoft's Event Hubs client until so many events came. Reads `EventReadingPlan`, prints `EventReading`. */
import { EventHubConsumerClient, latestEventPosition } from "@azure/event-hubs";
import { percentile } from "../support/load.ts";
import { readPlan } from "./child.ts";

export interface EventReadingPlan {
  readonly connectionString: string;
  /** It stops when about so many came and then nothing for a second. */
  readonly events: number;
}

export interface EventReading {
  readonly events: number;
  readonly perSecond: number;
  /** Milliseconds from the hub's own stamp to the reader's hands. */
  readonly lagP50: number;
  readonly lagP99: number;
}

const plan = await readPlan<EventReadingPlan>();
const client = new EventHubConsumerClient("$Default", plan.connectionString);
const lags: number[] = [];
let first = 0;
let last = 0;
const subscription = client.subscribe(
  {
    async processEvents(events) {
      if (events.length === 0) return;
      last = Date.now();
      first ||= last;
      for (const event of events) lags.push(last - event.enqueuedTimeUtc.getTime());
    },
    async processError(error) {
      process.stderr.write(`${error.message}\\n`);
    },
  },
  { startPosition: latestEventPosition, maxBatchSize: 1_000, maxWaitTimeInSeconds: 1 },
);
// Events that were sent before every partition was open are not this reader's.
while (!(lags.length >= plan.events * 0.9 && Date.now() - last > 1_500)) {
  await new Promise((resolve) => setTimeout(resolve, 100));
  if (last > 0 && Date.now() - last > 20_000) break;
}
const result: EventReading = {
  events: lags.length,
  perSecond: lags.length / ((last - first) / 1000),
  lagP50: percentile(lags, 50),
  lagP99: percentile(lags, 99),
};
process.stdout.write(JSON.stringify(result));
await subscription.close();
await client.close();
