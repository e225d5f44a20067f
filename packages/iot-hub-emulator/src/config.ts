/** The settings of the command: flags first, then the environment. The only file that reads it. */
import { readFileSync } from "node:fs";
import { delimiter } from "node:path";
import { parseArgs } from "node:util";
import { createBlobStorage } from "./storage/blob-storage.ts";
import type { EmulatorOptions } from "./emulator-options.ts";
import { readRoutingFile } from "./routing-file.ts";
import { parseAuthorities } from "./hub/access/certificate-authorities.ts";
import { EDITIONS, isTier } from "./hub/limits/tiers.ts";

export interface Setting {
  readonly flag: string;
  readonly variable: string;
  readonly value: string;
  readonly meaning: string;
  /** The flag may be given several times; the variable lists values as PATH does. */
  readonly repeatable?: true;
}

/** From this table come parsing, help and the README. */
export const SETTINGS: Readonly<
  Record<
    | "host"
    | "https"
    | "amqps"
    | "mqtts"
    | "amqp"
    | "data"
    | "deviceCa"
    | "tier"
    | "units"
    | "routing"
    | "consumerGroup"
    | "storage"
    | "storageContainer",
    Setting
  >
> = {
  host: {
    flag: "host",
    variable: "IOT_HUB_HOST",
    value: "NAME",
    meaning: "name clients call the hub by, and the address it listens on (default localhost)",
  },
  https: {
    flag: "https-port",
    variable: "IOT_HUB_HTTPS_PORT",
    value: "PORT",
    meaning: "service and device HTTPS (default 443, or 8443 where 443 is not permitted; 0 picks a free one)",
  },
  amqps: {
    flag: "amqps-port",
    variable: "IOT_HUB_AMQPS_PORT",
    value: "PORT",
    meaning: "AMQP with TLS (default 5671; 0 picks a free one)",
  },
  mqtts: {
    flag: "mqtts-port",
    variable: "IOT_HUB_MQTTS_PORT",
    value: "PORT",
    meaning: "MQTT with TLS (default 8883, or a free one where AMQPS has one; 0 picks a free one)",
  },
  amqp: {
    flag: "amqp-port",
    variable: "IOT_HUB_AMQP_PORT",
    value: "PORT",
    meaning:
      "AMQP without TLS, for Event Hubs clients in emulator mode (default 5672, or a free one where that is taken)",
  },
  data: {
    flag: "data",
    variable: "IOT_HUB_DATA",
    value: "FOLDER",
    meaning: "folder for all that must survive; none keeps everything in memory",
  },
  deviceCa: {
    flag: "device-ca",
    variable: "IOT_HUB_DEVICE_CA",
    value: "FILE",
    meaning: "CA certificate (PEM) whose devices are let in, may be repeated; `development` is the hub's own CA",
    repeatable: true,
  },
  tier: {
    flag: "tier",
    variable: "IOT_HUB_TIER",
    value: "TIER",
    meaning: `quota, throttles and features of a tier: ${Object.keys(EDITIONS).join(", ")} (default: no limits)`,
  },
  units: {
    flag: "units",
    variable: "IOT_HUB_UNITS",
    value: "NUMBER",
    meaning: "units of the tier (default 1)",
  },
  routing: {
    flag: "routing",
    variable: "IOT_HUB_ROUTING",
    value: "FILE",
    meaning: "JSON file with routes, endpoints, enrichments and fallback for messages; replaces what the folder has",
  },
  consumerGroup: {
    flag: "consumer-group",
    variable: "IOT_HUB_CONSUMER_GROUPS",
    value: "NAME",
    meaning: "consumer group to have besides $Default, may be repeated",
    repeatable: true,
  },
  storage: {
    flag: "storage",
    variable: "IOT_HUB_STORAGE",
    value: "STRING",
    meaning: "connection string of the Azure Storage account, or of its emulator, that devices upload files to",
  },
  storageContainer: {
    flag: "storage-container",
    variable: "IOT_HUB_STORAGE_CONTAINER",
    value: "NAME",
    meaning: "container of that account (default device-files, made when it is missing)",
  },
};

/** A setting that cannot be used; the message names the flag and the variable. */
export class ConfigError extends Error {
  readonly code = "setting_invalid";
}

/** `undefined` stands for a call for help. */
export function readConfig(
  args: readonly string[] = process.argv.slice(2),
  env: NodeJS.ProcessEnv = process.env,
): EmulatorOptions | undefined {
  const flags = parseFlags(args);
  if (flags["help"] === true) return undefined;
  const read = ({ flag, variable }: Setting): string | undefined => {
    const value = flags[flag] ?? env[variable];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const port = (name: "https" | "amqps" | "mqtts" | "amqp"): { readonly [K in typeof name]?: number } => {
    const text = read(SETTINGS[name]);
    return text === undefined ? {} : { [name]: portOf(text, SETTINGS[name]) };
  };
  const deviceCertificateAuthorities = readAll(SETTINGS.deviceCa, flags, env).map(authorityOf);
  const consumerGroups = readAll(SETTINGS.consumerGroup, flags, env);
  const [hostName, folder] = [read(SETTINGS.host), read(SETTINGS.data)];
  return {
    ...(hostName === undefined ? {} : addressOf(hostName)),
    ...(folder === undefined ? {} : { folder }),
    ...(deviceCertificateAuthorities.length === 0 ? {} : { deviceCertificateAuthorities }),
    ...routingOf(read(SETTINGS.routing)),
    ...(consumerGroups.length === 0 ? {} : { consumerGroups }),
    ...storageOf(read(SETTINGS.storage), read(SETTINGS.storageContainer)),
    ...limitsOf(read(SETTINGS.tier), read(SETTINGS.units)),
    ports: { ...port("https"), ...port("amqps"), ...port("mqtts"), ...port("amqp") },
  };
}

/** Text for `--help`. */
export function helpText(): string {
  const rows = Object.values(SETTINGS).map(({ flag, variable, value, meaning }) => [
    `--${flag} ${value}`,
    variable,
    meaning,
  ]);
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const [flags, variables] = [width(0), width(1)];
  const lines = rows.map(
    ([flag = "", variable = "", meaning]) => `  ${flag.padEnd(flags)}  ${variable.padEnd(variables)}  ${meaning}`,
  );
  const usage = "Usage: iot-hub-emulator [options]\n       iot-hub-emulator certificates --help";
  return `${usage}\n\nA local Azure IoT Hub. Each option can be set in the environment too.\n\n${lines.join("\n")}\n`;
}

type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

function parseFlags(args: readonly string[]): Flags {
  const options: Record<string, { type: "string" | "boolean"; multiple?: boolean }> = { help: { type: "boolean" } };
  for (const { flag, repeatable = false } of Object.values(SETTINGS)) {
    options[flag] = { type: "string", multiple: repeatable };
  }
  try {
    return parseArgs({ args: [...args], options, strict: true }).values as Flags;
  } catch (error) {
    throw new ConfigError(`${(error as Error).message}\nSee: iot-hub-emulator --help`);
  }
}

function readAll({ flag, variable }: Setting, flags: Flags, env: NodeJS.ProcessEnv): readonly string[] {
  const given = flags[flag] ?? env[variable]?.split(delimiter) ?? [];
  return (given as readonly string[]).filter((value) => value !== "");
}

function authorityOf(text: string): string {
  if (text === "development") return text;
  try {
    const pem = readFileSync(text, "utf8");
    parseAuthorities(pem);
    return pem;
  } catch (error) {
    const { flag, variable } = SETTINGS.deviceCa;
    throw new ConfigError(
      `--${flag} (${variable}) must be a CA certificate in PEM, ${text}: ${(error as Error).message}`,
    );
  }
}

// A hub that listens on every interface is still called by a name of the machine.
function addressOf(text: string): { readonly hostName: string; readonly host: string } {
  if (text === "0.0.0.0" || text === "::") return { hostName: "localhost", host: text };
  return { hostName: text, host: text === "localhost" ? "127.0.0.1" : text };
}

function limitsOf(
  tierText: string | undefined,
  unitsText: string | undefined,
): Pick<EmulatorOptions, "tier" | "units"> {
  const { tier: tierSetting, units: unitsSetting } = SETTINGS;
  if (tierText === undefined) {
    if (unitsText === undefined) return {};
    throw new ConfigError(`--${unitsSetting.flag} (${unitsSetting.variable}) needs --${tierSetting.flag}.`);
  }
  const tier = tierText.toUpperCase();
  if (!isTier(tier)) {
    const known = Object.keys(EDITIONS).join(", ");
    throw new ConfigError(`--${tierSetting.flag} (${tierSetting.variable}) must be one of ${known}.`);
  }
  const units = /^\d{1,3}$/.test(unitsText ?? "1") ? Number(unitsText ?? "1") : 0;
  const { maxUnits } = EDITIONS[tier];
  if (units < 1 || units > maxUnits) {
    throw new ConfigError(
      `--${unitsSetting.flag} (${unitsSetting.variable}) must be from 1 to ${maxUnits} in ${tier}.`,
    );
  }
  return { tier, units };
}

function routingOf(file: string | undefined): Pick<EmulatorOptions, "routing"> {
  if (file === undefined) return {};
  try {
    return { routing: readRoutingFile(file) };
  } catch (error) {
    const { flag, variable } = SETTINGS.routing;
    throw new ConfigError(`--${flag} (${variable}): ${(error as Error).message}`);
  }
}

function storageOf(
  storage: string | undefined,
  storageContainer: string | undefined,
): Pick<EmulatorOptions, "storage" | "storageContainer"> {
  const { storage: setting, storageContainer: containerSetting } = SETTINGS;
  if (storage === undefined) {
    if (storageContainer === undefined) return {};
    const [missing, given] = [setting, containerSetting].map(({ flag, variable }) => `--${flag} (${variable})`);
    throw new ConfigError(`${given} names a container of the account in ${missing}, which is missing.`);
  }
  const container = storageContainer === undefined ? {} : { storageContainer };
  try {
    createBlobStorage({ connectionString: storage, ...(storageContainer && { container: storageContainer }) });
  } catch (error) {
    throw new ConfigError(`--${setting.flag}, --${containerSetting.flag}: ${(error as Error).message}`);
  }
  return { storage, ...container };
}

function portOf(text: string, { flag, variable }: Setting): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65535)) throw new ConfigError(`--${flag} (${variable}) must be a port number from 0 to 65535.`);
  return port;
}
