/** Callers of Para's and of the admin API: each device has one, which owns leaves of its state and writes them in all ways. */
import { request } from "./cloud.ts";
import { insist } from "./insist.ts";
import type { FirstRun } from "./isthmus-process.ts";
import { documentOf, textOf, valueOf, withLeaf, type Leaves } from "./leaves.ts";
import { para } from "./para.ts";
import type { SoakDevice } from "./soak-fleet.ts";

const PATHS = ["mode", "limits.high", "limits.low", "fan.speed"] as const;

interface Answer {
  readonly status: number;
}

export class SoakCaller {
  readonly device: SoakDevice;
  /** What holds: the last value of each leaf. */
  wanted: Leaves = {};
  /** Writes that changed something; one that was asked again for want of an answer counts once. */
  changes = 0;
  readonly refused: string[] = [];

  constructor(device: SoakDevice) {
    this.device = device;
  }

  /** Until `isOver`; resolves when the last write is answered. */
  async run(firstRun: () => FirstRun, pauseMs: number, isOver: () => boolean): Promise<void> {
    for (let n = 1; !isOver(); n += 1) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 2 * pauseMs));
      const path = PATHS[Math.floor(Math.random() * PATHS.length)]!;
      const value = valueOf("api", n);
      const wanted = withLeaf(this.wanted, path, value);
      await insist(async () => {
        const { status } = await this.#write(firstRun(), n, { path, value, wanted });
        if (status >= 400) this.refused.push(`${this.device.id}: ${status}`);
        if (status !== 200) throw new Error(String(status));
      });
      if (textOf(wanted) !== textOf(this.wanted)) this.changes += 1;
      this.wanted = wanted;
    }
  }

  /** A whole state would take back what another service wished, so beside one only leaves are written. */
  #write(
    firstRun: FirstRun,
    n: number,
    { path, value, wanted }: { readonly path: string; readonly value: unknown; readonly wanted: Leaves },
  ): Promise<Answer> {
    const { id, name, kind, app, hasService, own } = this.device;
    const deviceState = documentOf(wanted);
    const patch = (): Promise<Answer> =>
      request(firstRun, "PATCH", `/admin/v1/devices/${id}/state`, { state: documentOf({ [path]: value }) });
    const put = (): Promise<Answer> =>
      request(firstRun, "PUT", `/admin/v1/devices/${id}/state`, { state: deviceState });
    const whole = { name, serviceBroker: "Azure", ...own, deviceState };
    const ofThings: readonly (() => Promise<Answer>)[] = [
      patch,
      () => para(firstRun, "PATCH", `/v1/thing/${id}`, { deviceState }, app),
      () => para(firstRun, "PUT", `/v1/things/${id}`, whole, app),
      () => para(firstRun, "PATCH", "/v1/_batch", [{ id, type: "thing", deviceState }], app),
      put,
    ];
    const ways = hasService ? [patch] : kind === "bridge" ? [patch, put] : ofThings;
    return ways[n % ways.length]!();
  }
}
