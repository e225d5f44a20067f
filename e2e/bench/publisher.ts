/**
 * Publishes over HTTP with keep-alive connections, one request under way on each, and measures every answer. A process
 * of its own: the load generator must not share a thread with what it measures. Prints one line of JSON.
 * Reads from standard input: JSON of `Plan`.
 */
import { readPlan } from "./child.ts";
import { Pool } from "undici";

export interface Plan {
  readonly url: string;
  readonly path: string;
  readonly token: string;
  readonly deviceIds: readonly string[];
  readonly connections: number;
  readonly seconds: number;
  /** Ends after this many events, if that is sooner. */
  readonly count?: number;
  /** Events in one request, to the batch route; one event to the plain route without it. */
  readonly batch?: number;
  /** Events a second in all; as fast as answers come without it. */
  readonly rate?: number;
}

export interface Published {
  /** Events. */
  readonly accepted: number;
  readonly failed: number;
  readonly seconds: number;
  /** Requests with an answer of 200, which `p50`, `p99` and `max` are of, in milliseconds. */
  readonly requests: number;
  /** When the first event was sent, unix milliseconds. */
  readonly startedAt: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const plan = await readPlan<Plan>();
const pool = new Pool(plan.url, { connections: plan.connections, pipelining: 1 });
const latencies: number[] = [];
let accepted = 0;
let failed = 0;
let sent = 0;
const startedAt = Date.now();
const start = performance.now();
const end = start + plan.seconds * 1000;

interface BatchAnswer {
  readonly results: readonly { readonly ok: boolean }[];
}

function nextEvent(): object {
  const n = sent++;
  return {
    name: "bench/reading",
    as_device_id: plan.deviceIds[n % plan.deviceIds.length],
    data: JSON.stringify({ n, sentAt: Date.now(), temperature: 21.5, humidity: 40.25, pressure: 1013.2 }),
  };
}

async function publish(): Promise<void> {
  const { batch } = plan;
  const payload = batch === undefined ? nextEvent() : { events: Array.from({ length: batch }, nextEvent) };
  const body = JSON.stringify(payload);
  const began = performance.now();
  const { statusCode, body: answer } = await pool.request({
    method: "POST",
    path: plan.path,
    headers: { authorization: `Bearer ${plan.token}`, "content-type": "application/json" },
    body,
  });
  if (statusCode !== 200) {
    await answer.dump();
    failed += batch ?? 1;
    return;
  }
  const taken = batch === undefined ? await answer.dump().then(() => 1) : countOf((await answer.json()) as BatchAnswer);
  latencies.push(performance.now() - began);
  accepted += taken;
  failed += (batch ?? 1) - taken;
}

function countOf({ results }: BatchAnswer): number {
  return results.filter(({ ok }) => ok).length;
}

/** One request after the other: as many under way as there are connections. */
async function closedLoop(): Promise<void> {
  while (performance.now() < end && sent < (plan.count ?? Infinity)) await publish();
}

/** At the planned rate whatever the answers take, as devices do. */
async function openLoop(rate: number): Promise<void> {
  const underWay: Promise<void>[] = [];
  for (let now = performance.now(); now < end; now = performance.now()) {
    const due = Math.floor(((now - start) / 1000) * rate);
    while (sent < due) underWay.push(publish());
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await Promise.all(underWay);
}

if (plan.rate === undefined) await Promise.all(Array.from({ length: plan.connections }, closedLoop));
else await openLoop(plan.rate);
const seconds = (performance.now() - start) / 1000;
await pool.close();
latencies.sort((a, b) => a - b);
const at = (n: number): number => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * n))] ?? 0;
const published: Published = {
  accepted,
  failed,
  requests: latencies.length,
  seconds,
  startedAt,
  p50: at(0.5),
  p99: at(0.99),
  max: latencies.at(-1) ?? 0,
};
process.stdout.write(`${JSON.stringify(published)}\n`);
