/** The editions of an IoT Hub: what each may do, how often, and how much a day. */

export type Tier = "F1" | "B1" | "B2" | "B3" | "S1" | "S2" | "S3";

/** What is limited. */
export type Operation =
  | "identity"
  | "connect"
  | "telemetry"
  | "cloudToDeviceSend"
  | "cloudToDeviceReceive"
  | "fileUpload"
  | "method"
  | "query"
  | "twinRead"
  | "twinUpdate"
  | "job"
  | "configuration";

/** So many in a second or a minute: the larger of a number for the whole hub and one for each unit. */
export interface Rate {
  readonly per: "second" | "minute";
  readonly hub?: number;
  readonly unit?: number;
}

interface Edition {
  readonly isBasic: boolean;
  readonly maxUnits: number;
  /** Devices and modules. */
  readonly maxDevices: number;
  /** Messages a day, for each unit. */
  readonly dailyMessages: number;
  /** Bytes that count as one message. */
  readonly meterBytes: number;
  /** Column of the table of rates. */
  readonly size: 1 | 2 | 3;
}

const KB = 1024;
const STANDARD_1: Edition = {
  isBasic: false,
  maxUnits: 200,
  maxDevices: 1_000_000,
  dailyMessages: 400_000,
  meterBytes: 4 * KB,
  size: 1,
};
const STANDARD_2: Edition = { ...STANDARD_1, dailyMessages: 6_000_000, size: 2 };
const STANDARD_3: Edition = { ...STANDARD_1, dailyMessages: 300_000_000, maxUnits: 10, size: 3 };

export const EDITIONS: Readonly<Record<Tier, Edition>> = {
  F1: { ...STANDARD_1, maxUnits: 1, maxDevices: 500, dailyMessages: 8000, meterBytes: KB / 2 },
  B1: { ...STANDARD_1, isBasic: true },
  B2: { ...STANDARD_2, isBasic: true },
  B3: { ...STANDARD_3, isBasic: true },
  S1: STANDARD_1,
  S2: STANDARD_2,
  S3: STANDARD_3,
};

interface OperationRules {
  /** For hubs of size 1, 2 and 3. */
  readonly rates: readonly [Rate, Rate, Rate];
  /** Counts towards the messages of the day. */
  readonly isCharged: boolean;
  /** The rate counts its messages (blocks of bytes) instead of operations. */
  readonly isMetered?: true;
  /** Basic editions do not have it. */
  readonly isStandardOnly: boolean;
  /** In words, for errors. */
  readonly name: string;
}

const FREE = { isCharged: false, isStandardOnly: false } as const;
const CHARGED = { isCharged: true, isStandardOnly: false } as const;
const STANDARD = { isCharged: false, isStandardOnly: true } as const;
const CHARGED_STANDARD = { isCharged: true, isStandardOnly: true } as const;

const HUNDRED_A_MINUTE: OperationRules["rates"] = perMinute(100, 100, 5000);
const SENDS: OperationRules["rates"] = [
  { per: "second", hub: 100, unit: 12 },
  { per: "second", unit: 120 },
  { per: "second", unit: 6000 },
];

export const OPERATIONS: Readonly<Record<Operation, OperationRules>> = {
  identity: { ...FREE, name: "identity registry operations", rates: HUNDRED_A_MINUTE },
  connect: { ...FREE, name: "new connections", rates: SENDS },
  telemetry: { ...CHARGED, name: "device-to-cloud sends", rates: SENDS },
  cloudToDeviceSend: { ...CHARGED_STANDARD, name: "cloud-to-device sends", rates: HUNDRED_A_MINUTE },
  cloudToDeviceReceive: { ...STANDARD, name: "cloud-to-device receives", rates: perMinute(1000, 1000, 50_000) },
  fileUpload: { ...FREE, name: "file uploads", rates: HUNDRED_A_MINUTE },
  // Metered in blocks of 4 KB: 160 KB, 480 KB and 24 MB a second.
  method: {
    ...CHARGED_STANDARD,
    name: "direct methods",
    isMetered: true,
    rates: [
      { per: "second", unit: 40 },
      { per: "second", unit: 120 },
      { per: "second", unit: 6144 },
    ],
  },
  query: { ...FREE, name: "queries", rates: perMinute(20, 20, 1000) },
  twinRead: {
    ...CHARGED_STANDARD,
    name: "twin reads",
    rates: [
      { per: "second", hub: 100 },
      { per: "second", hub: 100, unit: 10 },
      { per: "second", unit: 500 },
    ],
  },
  twinUpdate: {
    ...CHARGED_STANDARD,
    name: "twin updates",
    rates: [
      { per: "second", hub: 50 },
      { per: "second", hub: 50, unit: 5 },
      { per: "second", unit: 250 },
    ],
  },
  job: { ...STANDARD, name: "job operations", rates: HUNDRED_A_MINUTE },
  configuration: { ...STANDARD, name: "configuration operations", rates: perMinute(20, 20, 20) },
};

/** Operations in a window of a hub with so many units. */
export function rateOf(
  tier: Tier,
  units: number,
  operation: Operation,
): { readonly limit: number; readonly windowMs: number } {
  const { per, hub = 0, unit = 0 } = OPERATIONS[operation].rates[EDITIONS[tier].size - 1] as Rate;
  return { limit: Math.max(hub, unit * units), windowMs: per === "second" ? 1000 : 60_000 };
}

export function isTier(text: string): text is Tier {
  return Object.hasOwn(EDITIONS, text);
}

function perMinute(...units: readonly [number, number, number]): OperationRules["rates"] {
  const [first, second, third] = units;
  return [
    { per: "minute", unit: first },
    { per: "minute", unit: second },
    { per: "minute", unit: third },
  ];
}
