import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../testing/sqlite-under-test.ts";
import { openStoreDatabase } from "./group-runner.ts";
import { createLanes } from "./lanes.ts";

test("numbers stay gapless when more lanes are in use than memory keeps", () => {
  const { folder, remove } = temporaryFolder();
  const db = openStoreDatabase(join(folder, "isthmus.db"));
  try {
    let commit = (): void => undefined;
    const hooks = { beforeCommit: (write: () => void) => (commit = write), onRollback: () => undefined };
    const lanes = createLanes({ db, ...hooks }, 3);
    for (let round = 1; round <= 4; round++) {
      for (let n = 0; n < 10; n++) expect([n, lanes.next("i1", `d${n}`)]).toEqual([n, round]);
      if (round % 2 === 0) commit();
    }
    const stored = db.prepare("SELECT last_seq FROM lane").all();
    expect(stored.map((row) => row["last_seq"])).toEqual(Array(10).fill(4));
  } finally {
    db.close();
    remove();
  }
});
