/** Troubles of a hub that one can have at a click, and what happens then. */
import type { FaultRule } from "./local-hub.ts";

export interface FaultPreset {
  readonly name: string;
  /** What the hub does. */
  readonly about: string;
  /** What one sees of it in this console. */
  readonly seen: string;
  /** Switched on together. */
  readonly rules: readonly FaultRule[];
}

const MESSAGES = { point: "transfer", operation: "telemetry" } as const;

export const FAULT_PRESETS: readonly FaultPreset[] = [
  {
    name: "Throttle everything",
    about: "Each message is refused as too many (429).",
    seen: "The hub is slowed or paused; events wait and none is lost.",
    rules: [{ where: MESSAGES, effect: { kind: "error", error: "ThrottlingException" } }],
  },
  {
    name: "Use up the quota",
    about: "Each message is refused: today's messages are used up.",
    seen: "The hub is paused and tried every 15 minutes; after switching this off, Retry all in an integration tries at once.",
    rules: [{ where: MESSAGES, effect: { kind: "error", error: "IotHubQuotaExceeded" } }],
  },
  {
    name: "Refuse the key",
    about: "Open connections end, and new ones are refused as with a wrong key.",
    seen: "The hub is paused with key_refused, and with the way to mend it.",
    rules: [
      { where: { point: "attach" }, effect: { kind: "error", error: "IotHubUnauthorizedAccess" } },
      { where: MESSAGES, effect: { kind: "drop" }, times: 1 },
    ],
  },
  {
    name: "Say nothing",
    about: "Messages come in and are neither taken nor refused.",
    seen: "Tries end as outcome_unknown and are made again.",
    rules: [{ where: MESSAGES, effect: { kind: "silence" } }],
  },
  {
    name: "Answer slowly",
    about: "Each message is taken after five seconds.",
    seen: "Delivery takes longer; nothing fails.",
    rules: [{ where: MESSAGES, effect: { kind: "delay", ms: 5_000 } }],
  },
  {
    name: "Take it and hang up",
    about: "The message is stored, and the connection ends before the answer.",
    seen: "The event is sent again: it arrives twice, with the same message id.",
    rules: [{ where: MESSAGES, effect: { kind: "acceptThenDrop" } }],
  },
  {
    name: "Lose messages",
    about: "Messages are answered as taken, and are not.",
    seen: "Delivered here, missing there: no client can notice. Replay sends them again.",
    rules: [{ where: MESSAGES, effect: { kind: "lose" } }],
  },
  {
    name: "Cut connections",
    about: "The connection ends whenever a message comes in.",
    seen: "The hub is paused and tried now and then.",
    rules: [{ where: MESSAGES, effect: { kind: "drop" } }],
  },
  {
    name: "Be out of order",
    about: "Whatever is asked over HTTPS is refused as unavailable (503).",
    seen: "New devices get no identity; devices that have one go on.",
    rules: [{ where: { point: "http" }, effect: { kind: "error", error: "ServiceUnavailable" } }],
  },
  {
    name: "Let identities vanish",
    about: "The device of each message is deleted, as another service might do it.",
    seen: "They are made again, some times a day; then their devices wait, and Retry all goes on.",
    rules: [{ where: MESSAGES, effect: { kind: "identityVanishes" } }],
  },
];
