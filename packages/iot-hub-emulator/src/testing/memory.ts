/** How much memory this thread has in use. Not part of the published package. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * The most bytes that were in use beyond those at the beginning, whenever `work` called `look` and at its end. What the
 * process has of the system would not do: it is the sum of all threads, whose tests come and go.
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

/** Bytes of this thread's objects and buffers that are still reachable. */
export async function memoryInUse(): Promise<number> {
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
