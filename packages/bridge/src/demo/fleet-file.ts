import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** One virtual device as it is remembered between runs. */
export interface FleetMember {
  readonly name: string;
  readonly id: string;
  /** Secret: the device's own token. */
  token: string;
  /** Readings that the API has accepted so far. */
  position: number;
}

/** Keeps the fleet in `demo.json` of the data folder, so that a restart goes on with the same devices. */
export class FleetFile {
  readonly #path: string;
  readonly #folder: string;
  #written: Promise<void> = Promise.resolve();

  constructor(dataFolder: string) {
    this.#folder = dataFolder;
    this.#path = join(dataFolder, "demo.json");
  }

  /** What was kept; none when there is no file. @throws {Error} when the file is there but cannot be understood. */
  async read(): Promise<FleetMember[]> {
    const text = await readFile(this.#path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return null;
      throw error;
    });
    if (text === null) return [];
    try {
      return (JSON.parse(text) as { devices: FleetMember[] }).devices;
    } catch (cause) {
      throw new Error(`${this.#path} is not a fleet file. Remove it to start with a new demo fleet.`, { cause });
    }
  }

  /** Replaces the file as a whole, one write after the other, each with the members as they are by then. */
  write(members: readonly FleetMember[]): Promise<void> {
    this.#written = this.#written.catch(() => undefined).then(() => this.#replace(members));
    return this.#written;
  }

  async #replace(members: readonly FleetMember[]): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const next = `${this.#path}.next`;
    await writeFile(next, `${JSON.stringify({ devices: members }, null, 2)}\n`, { mode: 0o600 });
    await chmod(next, 0o600); // a left-over file keeps its mode otherwise
    await rename(next, this.#path);
  }
}
