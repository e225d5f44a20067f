/**
 * The demo fleet: virtual devices that replay real measurements through the public publish API, each with its own device
 * token, as any device would. It knows nothing of the bridge but its address, so it runs as well inside the server's process as outside.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type ApiClient, apiClient, describe } from "./api-client.ts";
import { FleetFile, type FleetMember } from "./fleet-file.ts";
import { loadReadings, type Reading } from "./readings.ts";
import { ensureIntegration, newDeviceToken, registerFleet } from "./register-fleet.ts";
import { STATIONS, type Station } from "./stations.ts";

export interface DemoFleetOptions {
  /** Address of the HTTP API, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Access token of the account that shall own the product `demo`. */
  readonly accessToken: string;
  /** Where `demo.json` is kept: device ids, their tokens (the file is 0600) and how far each has come. */
  readonly dataFolder: string;
  /** Ends the fleet. */
  readonly signal: AbortSignal;
  /** Told once when a device cannot publish, and again only after it could; the same reading is tried until it is accepted. */
  readonly onProblem: (message: string) => void;
  /** Milliseconds between two readings of one device. */
  readonly periodMs?: number;
  /** Milliseconds between the first readings of two devices. */
  readonly staggerMs?: number;
}

export interface DemoFleet {
  readonly devices: readonly { readonly id: string; readonly name: string }[];
  /** Resolves when the signal was given, what was on its way is answered, and the positions are kept. Never rejects. */
  readonly stopped: Promise<void>;
}

/**
 * Registers the fleet where it is not yet, and lets it publish until the signal.
 * @throws {Error} with the reason when the product or the devices cannot be made.
 */
export async function startDemoFleet(options: DemoFleetOptions): Promise<DemoFleet> {
  const account = apiClient(options.url, options.accessToken);
  const readings = await loadReadings();
  const file = new FleetFile(options.dataFolder);
  const members = await registerFleet(account, await file.read());
  await file.write(members);
  // Without a Local Hub there is nothing to point the integration at; the user may add one for a real hub.
  await ensureIntegration(account).catch((error: unknown) => options.onProblem(messageOf(error)));

  const runs = STATIONS.map((station, index) => {
    const member = members[index];
    const own = readings.get(station.station);
    if (member === undefined || own === undefined) throw new Error(`No readings for ${station.name}`);
    return replay({ ...options, account, station, member, readings: own, index, save: () => file.write(members) });
  });
  return {
    devices: members.map(({ id, name }) => ({ id, name })),
    stopped: Promise.all(runs).then(() => undefined),
  };
}

interface Replay extends DemoFleetOptions {
  readonly account: ApiClient;
  readonly station: Station;
  readonly member: FleetMember;
  readonly readings: readonly Reading[];
  readonly index: number;
  readonly save: () => Promise<void>;
}

/** One device's life: a reading a period, from where it stopped, round and round. */
async function replay(run: Replay): Promise<void> {
  const { member, readings, signal, periodMs = 5_000, staggerMs = 400 } = run;
  let inTrouble = false;
  await pause(run.index * staggerMs, signal);
  while (!signal.aborted) {
    const problem = await publish(run, readings[member.position % readings.length]!);
    if (problem === null) {
      member.position += 1;
      inTrouble = false;
      await run.save().catch((error: unknown) => run.onProblem(messageOf(error)));
    } else if (!inTrouble) {
      inTrouble = true;
      run.onProblem(`${member.name} could not publish: ${problem}. It tries the same reading again.`);
    }
    await pause(periodMs, signal);
  }
}

/** `null` when the reading was accepted, else why not. */
async function publish({ url, account, station, member }: Replay, reading: Reading): Promise<string | null> {
  try {
    const answer = await apiClient(url, member.token).request("POST", "/v1/devices/events", {
      name: station.eventName,
      data: JSON.stringify(reading),
    });
    if (answer.ok) return null;
    // The token was revoked, or the server's data were started anew while demo.json was kept.
    if (answer.status === 401) member.token = await newDeviceToken(account, member.id);
    return describe(answer);
  } catch (error) {
    return messageOf(error);
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => undefined);
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
