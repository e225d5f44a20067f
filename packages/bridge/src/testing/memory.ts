/** How much memory a thread of the tests has in use. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * The most bytes that were in use beyond those at the beginning, whenever `work` called `look` and at its end. Objects and
 * buffers of this thread that are still reachable: what the process has of the system is the sum of all its threads, whose
 * tests come and go.
 */
export async function memoryTaken(work: (look: () => Promise<void>) => Promise<void>): Promise<number> {
  const before = await memoryInUse();
  let most = 0;
  const look = async (): Promise<void> => {
    most = Math.max(most, (await memoryInUse()) - before);
  };
  await work(look);
  await look();
  return most;
}

async function memoryInUse(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // Buffers are given back a turn after their objects.
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
