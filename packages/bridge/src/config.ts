/** All settings, from the environment and `isthmus.yaml` (same names). The only file that reads the environment. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse, YAMLParseError } from "yaml";
import type { RetentionSettings } from "./core/delivery-history.ts";
import { readLimits, type LimitSettings } from "./limit-settings.ts";
import { namedWithDots, readParaSettings, type ParaSettings } from "./para-settings.ts";

export interface MqttConfig {
  /** `null`: no plain listener. */
  readonly port: number | null;
  /** Nobody asked for this port: when it is taken, a free one does. */
  readonly isPortDefault: boolean;
  /** PEM files of certificate chain and key; `null`: no TLS. */
  readonly tls: { readonly port: number; readonly certFile: string; readonly keyFile: string } | null;
}

export interface Config {
  /** Everything that must survive. */
  readonly dataFolder: string;
  readonly host: string;
  readonly port: number;
  readonly mqtt: MqttConfig;
  /** How long a device may take to answer a call of a function or variable. */
  readonly callTimeoutMs: number;
  readonly demo: boolean;
  readonly localHub: boolean;
  /** Further hubs to reach although their names are no Azure names or resolve to private addresses. Lower case. */
  readonly hubHosts: readonly string[];
  /** Hosts of webhooks that may have private or loopback addresses; `any` where the server itself is on loopback only. */
  readonly webhookHosts: readonly string[] | "any";
  /** Whether integrations may use this server's managed or workload identity in Microsoft Entra. */
  readonly entraIdentity: boolean;
  /** Where Microsoft Entra gives tokens; `null`: Azure's public cloud. */
  readonly entraAuthority: string | null;
  /** Hosts besides Particle's that a source may follow, over plain HTTP and in private networks too. Lower case. */
  readonly sourceHosts: readonly string[];
  /** Where the key that seals secrets is; `null`: in the data folder. */
  readonly secretKey:
    | { readonly kind: "text"; readonly text: string; readonly name: string }
    | { readonly kind: "file"; readonly file: string; readonly name: string }
    | null;
  readonly limits: LimitSettings;
  readonly para: ParaSettings;
  /** How long deliveries are kept, until somebody sets something else at run time. */
  readonly retention: RetentionSettings;
  /** Pending events of one integration beyond which it takes no more. */
  readonly backlogLimit: number;
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent";
  /** Of the Local Hub's process: its `IOT_HUB_*` settings, and what any Node process needs from its surroundings. */
  readonly localHubEnvironment: Readonly<Record<string, string>>;
}

/** A setting that cannot be used; the message names it and says what it takes. */
class ConfigError extends Error {
  readonly code = "config_invalid";
}

const SURROUNDINGS = ["PATH", "HOME", "TMPDIR", "TZ", "LANG", "SystemRoot"];
const DEFAULT_HOST = "127.0.0.1";
const LOOPBACK: readonly string[] = ["127.0.0.1", "::1", "localhost"];
const LEVELS = ["debug", "info", "warn", "error", "silent"] as const;

type Settings = Readonly<Record<string, string | undefined>>;

/** Environment wins over the file. `serve` runs without demo and Local Hub unless asked. */
export function readConfig(environment: Settings = process.env, folder: string = process.cwd()): Config {
  const layers = [readFile(folder, environment["ISTHMUS_CONFIG"]), defined(environment)];
  const settings: Settings = Object.assign({}, ...layers, ...layers.map(namedWithDots));
  const text = (name: string, fallback: string): string => settings[name] ?? fallback;
  const store = text("ISTHMUS_STORE", "sqlite");
  if (store !== "sqlite") throw new ConfigError("ISTHMUS_STORE takes 'sqlite'; other stores are not built yet.");
  const level = text("ISTHMUS_LOG_LEVEL", "info");
  if (!(LEVELS as readonly string[]).includes(level)) {
    throw new ConfigError(`ISTHMUS_LOG_LEVEL takes one of ${LEVELS.join(", ")}.`);
  }
  return {
    dataFolder: resolve(folder, text("ISTHMUS_DATA", "./data")),
    host: text("ISTHMUS_HOST", DEFAULT_HOST),
    port: number(settings, "ISTHMUS_PORT", 8080, 0, 65_535),
    mqtt: mqttSettings(settings, folder),
    callTimeoutMs: number(settings, "ISTHMUS_CALL_TIMEOUT_SECONDS", 30, 1, 300) * 1000,
    demo: flag(settings, "ISTHMUS_DEMO"),
    localHub: flag(settings, "ISTHMUS_LOCAL_HUB"),
    hubHosts: hosts(text("ISTHMUS_HUB_HOSTS", "")),
    sourceHosts: hosts(text("ISTHMUS_SOURCE_HOSTS", "")),
    webhookHosts: webhookHosts(settings["ISTHMUS_WEBHOOK_HOSTS"], text("ISTHMUS_HOST", DEFAULT_HOST)),
    entraIdentity: flag(settings, "ISTHMUS_ENTRA_IDENTITY"),
    entraAuthority: authority(settings["ISTHMUS_ENTRA_AUTHORITY"]),
    secretKey: secretKey(settings, folder),
    limits: readLimits(settings, (message) => new ConfigError(message)),
    para: readParaSettings(settings, hosts(text("ISTHMUS_HUB_HOSTS", "")), (message) => new ConfigError(message)),
    retention: {
      deliveredMs: hours(settings, "ISTHMUS_RETENTION_HOURS", 24),
      parkedMs: hours(settings, "ISTHMUS_PARKED_RETENTION_HOURS", 7 * 24),
      pendingMs: hours(settings, "ISTHMUS_PENDING_RETENTION_HOURS", 7 * 24),
    },
    backlogLimit: number(settings, "ISTHMUS_BACKLOG_LIMIT", 5_000_000, 1_000, 1_000_000_000),
    logLevel: level as Config["logLevel"],
    localHubEnvironment: Object.fromEntries(
      Object.entries(settings).filter(
        (entry): entry is [string, string] => entry[0].startsWith("IOT_HUB_") || SURROUNDINGS.includes(entry[0]),
      ),
    ),
  };
}

function mqttSettings(settings: Settings, folder: string): MqttConfig {
  const port = portOrOff(settings, "ISTHMUS_MQTT_PORT", 1883);
  const tlsPort = portOrOff(settings, "ISTHMUS_MQTTS_PORT", null);
  const [cert, key] = [settings["ISTHMUS_TLS_CERT"], settings["ISTHMUS_TLS_KEY"]];
  if (tlsPort !== null && (cert === undefined || key === undefined)) {
    throw new ConfigError("ISTHMUS_MQTTS_PORT needs ISTHMUS_TLS_CERT and ISTHMUS_TLS_KEY, the names of two PEM files.");
  }
  return {
    port,
    isPortDefault: settings["ISTHMUS_MQTT_PORT"] === undefined,
    tls: tlsPort === null ? null : { port: tlsPort, certFile: resolve(folder, cert!), keyFile: resolve(folder, key!) },
  };
}

function portOrOff(settings: Settings, name: string, fallback: number | null): number | null {
  const text = settings[name];
  if (text === undefined) return fallback;
  return text.toLowerCase() === "off" ? null : number(settings, name, 0, 0, 65_535);
}

function readFile(folder: string, named: string | undefined): Settings {
  const file = resolve(folder, named ?? "isthmus.yaml");
  if (!existsSync(file)) {
    if (named !== undefined) throw new ConfigError(`ISTHMUS_CONFIG names ${file}, which is not there.`);
    return {};
  }
  const parsed = parsedYaml(file);
  if (parsed === null) return {};
  if (typeof parsed !== "object" || Array.isArray(parsed))
    throw new ConfigError(`${file} must hold NAME: value lines.`);
  return Object.fromEntries(lines(parsed));
}

function parsedYaml(file: string): unknown {
  try {
    return parse(readFileSync(file, "utf8"));
  } catch (error) {
    // Without the parser's own words, which quote the file: there may be keys in it.
    const line = error instanceof YAMLParseError ? error.linePos?.[0].line : undefined;
    const where = line === undefined ? "" : `, line ${line}`;
    throw new ConfigError(`${file}${where}: it must hold NAME: value lines, in YAML.`);
  }
}

/** A block stands for its lines: `para: { iot_enabled: true }` is `para.iot_enabled: true`. */
function lines(block: object, within: string = ""): [string, string][] {
  return Object.entries(block).flatMap(([key, value]: [string, unknown]): [string, string][] => {
    const name = within + key;
    if (Array.isArray(value)) return [[name, value.join(",")]];
    return typeof value === "object" && value !== null ? lines(value, `${name}.`) : [[name, String(value)]];
  });
}

function hosts(list: string): readonly string[] {
  const names = list.split(",").map((host) => host.trim().toLowerCase());
  return names.filter((host) => host !== "");
}

/** Who can reach a server on loopback can reach the other servers of that machine anyway. */
function webhookHosts(list: string | undefined, host: string): readonly string[] | "any" {
  if (list === undefined) return LOOPBACK.includes(host) ? "any" : [];
  return list.trim() === "*" ? "any" : hosts(list);
}

function defined(environment: Settings): Settings {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ""));
}

function number(settings: Settings, name: string, fallback: number, min: number, max: number): number {
  const text = settings[name];
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new ConfigError(`${name} takes a whole number from ${min} to ${max}.`);
  }
  return value;
}

/** In milliseconds; a year at most. */
function hours(settings: Settings, name: string, fallback: number): number {
  return number(settings, name, fallback, 1, 24 * 365) * 3_600_000;
}

function flag(settings: Settings, name: string): boolean {
  const text = (settings[name] ?? "off").toLowerCase();
  if (["on", "true", "1", "yes"].includes(text)) return true;
  if (["off", "false", "0", "no"].includes(text)) return false;
  throw new ConfigError(`${name} takes 'on' or 'off'.`);
}

function authority(text: string | undefined): string | null {
  if (text === undefined) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== "https:" || url.pathname !== "/" || url.search !== "" || url.username !== "")
    throw new ConfigError("ISTHMUS_ENTRA_AUTHORITY takes an address such as https://login.microsoftonline.us");
  return url.origin;
}

function secretKey(settings: Settings, folder: string): Config["secretKey"] {
  const [text, file] = [settings["ISTHMUS_SECRET_KEY"], settings["ISTHMUS_SECRET_KEY_FILE"]];
  if (text !== undefined && file !== undefined)
    throw new ConfigError("Set ISTHMUS_SECRET_KEY or ISTHMUS_SECRET_KEY_FILE, not both.");
  if (text !== undefined) return { kind: "text", text, name: "ISTHMUS_SECRET_KEY" };
  return file === undefined ? null : { kind: "file", file: resolve(folder, file), name: "ISTHMUS_SECRET_KEY_FILE" };
}
