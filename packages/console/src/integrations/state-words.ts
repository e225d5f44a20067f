/** How an integration stands, in words that a person would use. */
import type { Tone } from "../elements/state-badge.tsx";
import type { Overview } from "./overview.ts";

export interface StateWords {
  readonly tone: Tone;
  readonly word: string;
  /** Why, where there is more to say. */
  readonly detail: string | null;
}

type Standing = Pick<Overview, "state" | "failure" | "parked">;

export function stateInWords({ state, failure, parked }: Standing): StateWords {
  const detail = failure?.message ?? null;
  switch (state) {
    case "disabled":
      return { tone: "quiet", word: "Paused by you", detail: "Events are taken and wait until it is enabled." };
    case "held_up":
      return { tone: "wait", word: "Waits: daily cap", detail };
    case "paused":
      return { tone: "bad", word: failure?.code === "quota_exceeded" ? "Waits: quota" : "Failing", detail };
    case "slowed":
      return { tone: "wait", word: "Slowed down", detail };
    case "open":
    case "idle": {
      if (failure !== null) return { tone: "bad", word: "Failing", detail };
      const some =
        parked === 1 ? "One event is parked and waits" : `${parked.toLocaleString()} events are parked and wait`;
      if (parked > 0) return { tone: "wait", word: "Healthy, some parked", detail: `${some} for a person.` };
      return state === "open"
        ? { tone: "good", word: "Healthy", detail: null }
        : { tone: "good", word: "Ready", detail: "It has had nothing to send since the server started." };
    }
  }
}

/** What it takes events of. */
export function scopeInWords({ scope, device_id: device }: Pick<Overview, "scope" | "device_id">): string {
  if (scope.kind === "product") return scope.product_name ?? "A product";
  return device === null ? "Sandbox" : `Sandbox, device ${device}`;
}
