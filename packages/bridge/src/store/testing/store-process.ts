/**
 * A store in a process of its own, to be killed, traced or starved by tests: `node store-process.js <task> <folder>`.
 * Says `open` first, then a line for each event that was acknowledged. Ends with code 3 when the disk failed.
 */
import { rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openSqliteStore, type SqliteStore } from "../sqlite-store.ts";
import { deviceId, event } from "./store-samples.ts";

const [task = "", folder = "", count = "0"] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const TASKS: Readonly<Record<string, (store: SqliteStore) => Promise<void>>> = {
  /** Keeps the folder until killed. */
  hold: () => new Promise(() => setInterval(() => undefined, 60_000)),
  /** One after the other. */
  async singly(store) {
    for (let i = 0; i < Number(count); i++) await append(store, i % 5);
  },
  /** All at once. */
  async together(store) {
    await Promise.all(Array.from({ length: Number(count) }, (_, i) => append(store, i % 5)));
  },
  /** Side by side, without end. */
  async flood(store) {
    await Promise.all(Array.from({ length: 20 }, (_, i) => endlessly(() => append(store, i % 5))));
  },
  fill,
};

const store = await openSqliteStore({
  folder,
  onFatal(error) {
    say(`fatal ${error.message}`);
    process.exit(3);
  },
});
say("open");
await TASKS[task]?.(store);
await store.close();

async function append(into: SqliteStore, device: number): Promise<void> {
  const one = event({ deviceId: deviceId(device), data: "x".repeat(200) });
  await into.append(one, ["i1"]);
  say(one.id);
}

async function endlessly(work: () => Promise<void>): Promise<never> {
  for (;;) await work();
}

/** Fills the disk around the store and frees it again, `count` times. */
async function fill(into: SqliteStore): Promise<void> {
  const ballast = join(folder, "ballast");
  for (let cycle = 0; cycle < Number(count); cycle++) {
    const { bavail, bsize } = statfsSync(folder);
    writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - 200_000)));
    let refusal = "";
    for (let i = 0; refusal === "" && i < 20_000; i++) {
      refusal = await append(into, i % 5).then(
        () => "",
        (error: Error & { code?: string }) => error.code ?? error.message,
      );
    }
    const { accepted } = await into.ledger("i1");
    say(`refused ${refusal} reads ${accepted}`);
    rmSync(ballast);
    await append(into, 1);
  }
}
