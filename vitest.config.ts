import { defineConfig } from "vitest/config";

// Unit and conformance tests share threads without isolation (a fifth of the time); what needs processes runs in e2e, two files at once because they mostly wait;
// conformance tests a hub, ours or a real one, by the vendors' clients.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts"],
          globalSetup: ["packages/bridge/src/store/testing/shared-driver.ts"],
          pool: "threads",
          isolate: false,
          // Bounds for what hangs. A busy machine is no failure, so no test waits for less.
          testTimeout: 90_000,
          hookTimeout: 90_000,
          expect: { poll: { timeout: 60_000 } },
        },
      },
      {
        test: {
          name: "e2e",
          include: ["e2e/*.test.ts"],
          pool: "forks",
          maxWorkers: 2,
          testTimeout: 300_000,
          hookTimeout: 180_000,
          expect: { poll: { timeout: 60_000 } },
        },
      },
      {
        test: {
          name: "conformance",
          include: ["e2e/conformance/*.test.ts"],
          globalSetup: ["e2e/conformance/global-setup.ts"],
          pool: "forks",
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 120_000,
          expect: { poll: { timeout: 60_000 } },
        },
      },
    ],
  },
});
