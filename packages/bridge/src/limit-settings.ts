/** Limits as an operator writes them, and the defaults of the device cloud. */
import { isIP } from "node:net";
import type { Rate } from "./core/rate-limit.ts";

export interface LimitSettings {
  /** Events of one device; `null`: as fast as it likes. */
  readonly deviceRate: Rate | null;
  /** Requests of one address in five minutes, publishing apart. */
  readonly address: number | null;
  /** Event streams of one address: open at once, and opened in five minutes. */
  readonly streams: number | null;
  /** Addresses, networks (`10.0.0.0/8`) or names of these (`loopback`) whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
}

type Settings = Readonly<Record<string, string | undefined>>;
/** Makes the error that tells the operator what a setting takes. */
type Refuse = (message: string) => Error;

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, min: 60_000, h: 3_600_000 };
const NAMED_NETWORKS = ["loopback", "linklocal", "uniquelocal"];
const MAX_COUNT = 1_000_000_000;

export function readLimits(settings: Settings, refuse: Refuse): LimitSettings {
  return {
    deviceRate: rate(settings["ISTHMUS_DEVICE_RATE"] ?? "1/s,4", refuse),
    address: count("ISTHMUS_ADDRESS_LIMIT", settings["ISTHMUS_ADDRESS_LIMIT"] ?? "10000", refuse),
    streams: count("ISTHMUS_STREAM_LIMIT", settings["ISTHMUS_STREAM_LIMIT"] ?? "100", refuse),
    trustedProxies: proxies(settings["ISTHMUS_TRUSTED_PROXIES"] ?? "", refuse),
  };
}

function rate(text: string, refuse: Refuse): Rate | null {
  if (isOff(text)) return null;
  const [, average, unit, burst] = /^(\d+(?:\.\d+)?)\/(s|min|h),(\d{1,6})$/.exec(text.replaceAll(" ", "")) ?? [];
  const intervalMs = UNIT_MS[unit ?? ""]! / Number(average);
  if (!(intervalMs > 0 && Number.isFinite(intervalMs)) || Number(burst) < 1) {
    throw refuse("ISTHMUS_DEVICE_RATE takes a rate and a burst, as in 1/s,4 or 30/min,10, or 'off'.");
  }
  return { intervalMs, burst: Number(burst) };
}

function count(name: string, text: string, refuse: Refuse): number | null {
  if (isOff(text)) return null;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > MAX_COUNT) {
    throw refuse(`${name} takes a whole number from 1, or 'off'.`);
  }
  return number;
}

function proxies(text: string, refuse: Refuse): readonly string[] {
  const names = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (names.every(isNetwork)) return names;
  throw refuse("ISTHMUS_TRUSTED_PROXIES takes addresses and networks, as in 10.0.0.7,192.168.0.0/16,loopback.");
}

function isNetwork(name: string): boolean {
  if (NAMED_NETWORKS.includes(name)) return true;
  const [address, bits, ...more] = name.split("/");
  const version = isIP(address ?? "");
  if (version === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

function isOff(text: string): boolean {
  return ["off", "false", "0", "no"].includes(text.trim().toLowerCase());
}
