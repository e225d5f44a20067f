/** Another service of the hub's, by Microsoft's SDK: it looks at twins, and writes wishes of its own into some. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Agent } from "node:https";
import type { EmulatorAddresses } from "iot-hub-emulator";
import { insist } from "./insist.ts";
import { documentOf, valueOf, withLeaf, type Leaves } from "./leaves.ts";

const PATHS = ["service.note", "fan.curve"] as const;

export interface Twin {
  readonly properties: Readonly<Record<"desired" | "reported", { readonly $version: number }>>;
}

interface Registry {
  get(id: string): Promise<{ readonly responseBody: { readonly cloudToDeviceMessageCount: number } }>;
  getTwin(id: string): Promise<{ readonly responseBody: Twin }>;
  updateTwin(id: string, patch: object, etag: string): Promise<unknown>;
  readonly _restApiClient: { setOptions(options: object): void };
}

const { Registry } = createRequire(import.meta.url)("azure-iothub") as {
  readonly Registry: { fromConnectionString(text: string): Registry };
};

export class SoakService {
  readonly #registry: Registry;
  readonly #agent: Agent;

  constructor({ connectionString, caFile }: EmulatorAddresses) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: 8, ca: readFileSync(caFile) });
    this.#registry = Registry.fromConnectionString(connectionString);
    this.#registry._restApiClient.setOptions({ http: { agent: this.#agent } });
  }

  async twin(id: string): Promise<Twin> {
    return (await this.#registry.getTwin(id)).responseBody;
  }

  /** Messages that the device has not settled. */
  async waiting(id: string): Promise<number> {
    return (await this.#registry.get(id)).responseBody.cloudToDeviceMessageCount;
  }

  async write(id: string, path: string, value: unknown): Promise<void> {
    await this.#registry.updateTwin(id, { properties: { desired: documentOf({ [path]: value }) } }, "*");
  }

  close(): void {
    this.#agent.destroy();
  }
}

export class SoakWisher {
  readonly id: string;
  wanted: Leaves = {};
  /** A write that was asked again may have made a version each time. */
  asked = 0;

  constructor(id: string) {
    this.id = id;
  }

  async run(service: SoakService, pauseMs: number, isOver: () => boolean): Promise<void> {
    for (let n = 1; !isOver(); n += 1) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 2 * pauseMs));
      const path = PATHS[n % PATHS.length]!;
      const value = valueOf("service", n);
      this.asked += await insist(() => service.write(this.id, path, value));
      this.wanted = withLeaf(this.wanted, path, value);
    }
  }
}
