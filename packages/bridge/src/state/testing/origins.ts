/** Who made which value in a simulated life. Each value is made once, so that whatever shows it tells whose it is. */
import type { StateWrite } from "../../core/state-control.ts";
import type { Json } from "../../core/json.ts";

export type Origin = "api" | "report" | "reported" | "telemetry" | "service";

export class Origins {
  readonly #origins = new Map<Json, Origin>();
  #made = 0;

  /** A value that nobody has used. */
  next(origin: Origin): number {
    this.#made += 1;
    this.#origins.set(this.#made, origin);
    return this.#made;
  }

  of(value: Json | undefined): Origin | undefined {
    return value === undefined ? undefined : this.#origins.get(value);
  }

  isOfDevice(value: Json | undefined): boolean {
    const origin = this.of(value);
    return origin === "report" || origin === "reported" || origin === "telemetry";
  }
}

/** A write that was asked for here: one leaf, and whatever a whole state takes the place of. */
export interface LocalWrite {
  readonly deviceId: string;
  readonly at: number;
  readonly kind: StateWrite["kind"] | "report";
  readonly path: string;
  /** `undefined`: removed. */
  readonly value: Json | undefined;
  /** When it was answered, which means that it is on disk; `null`: never. */
  answeredAt: number | null;
}
