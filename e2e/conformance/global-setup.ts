/**
 * Gives the conformance suite a hub: the one of `IOTHUB_CONNECTION_STRING` (a service connection string with all
 * permissions), else a Local Hub in a process of its own. The vendors' clients trust a certificate authority only through
 * NODE_EXTRA_CA_CERTS, which a process reads at its start: so it is set here, before the workers are.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { EmulatorAddresses } from "iot-hub-emulator";
import type { TestProject } from "vitest/node";
import { builtFile } from "../support/isthmus-process.ts";

/** What the tests are told of the hub. */
export interface TargetAddresses {
  readonly connectionString: string;
  /** Absent for a real hub when none was given: it is then asked for by the redirect. */
  readonly eventHubConnectionString?: string;
  /** Only of a Local Hub. */
  readonly local?: EmulatorAddresses;
}

declare module "vitest" {
  interface ProvidedContext {
    readonly target: TargetAddresses;
  }
}

/** An address of its own, so that the fixed ports of the SDKs are free even while another Local Hub runs. Linux has all of 127/8. */
const OWN_ADDRESS = "127.83.0.1";
const FIXED_PORTS = { https: "443", amqps: "5671", amqp: "5672", mqtts: "8883" };
const FREE_PORTS = { https: "0", amqps: "0", amqp: "0", mqtts: "0" };

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const connectionString = process.env["IOTHUB_CONNECTION_STRING"];
  if (connectionString !== undefined && connectionString !== "") {
    const events = process.env["EVENTHUB_CONNECTION_STRING"];
    project.provide("target", { connectionString, ...(events ? { eventHubConnectionString: events } : {}) });
    return undefined;
  }
  const { hub, addresses } = await startLocalHub();
  const before = process.env["NODE_EXTRA_CA_CERTS"];
  process.env["NODE_EXTRA_CA_CERTS"] = addresses.caFile;
  project.provide("target", {
    connectionString: addresses.connectionString,
    eventHubConnectionString: addresses.eventHubConnectionString,
    local: addresses,
  });
  return async () => {
    if (before === undefined) delete process.env["NODE_EXTRA_CA_CERTS"];
    else process.env["NODE_EXTRA_CA_CERTS"] = before;
    if (hub.exitCode !== null) return;
    const exited = once(hub, "exit");
    hub.kill("SIGTERM");
    await exited;
  };
}

interface Started {
  readonly hub: ChildProcess;
  readonly addresses: EmulatorAddresses;
}

// Ports below 1024 and further loopback addresses are not to be had everywhere; tests that need them then say so.
async function startLocalHub(): Promise<Started> {
  return (await tryToStart(OWN_ADDRESS, FIXED_PORTS)) ?? (await tryToStart("localhost", FREE_PORTS)) ?? fail();
}

function fail(): never {
  throw new Error("The Local Hub for the conformance suite could not be started; its own words are above.");
}

async function tryToStart(host: string, ports: typeof FIXED_PORTS): Promise<Started | undefined> {
  const hub = fork(builtFile("packages/iot-hub-emulator/bin/iot-hub-emulator.js"), [], {
    env: {
      ...process.env,
      IOT_HUB_HOST: host,
      IOT_HUB_HTTPS_PORT: ports.https,
      IOT_HUB_AMQPS_PORT: ports.amqps,
      IOT_HUB_AMQP_PORT: ports.amqp,
      IOT_HUB_MQTTS_PORT: ports.mqtts,
    },
  });
  const [message] = (await once(hub, "message")) as [{ readonly type: string } & EmulatorAddresses];
  if (message.type === "ready") return { hub, addresses: message };
  process.stderr.write(`${JSON.stringify(message)}\n`);
  return undefined;
}
