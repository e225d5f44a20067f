import { expect, test } from "vitest";
import type { TwinGlance } from "../core/twin-hub.ts";
import { compareGlance } from "./in-step.ts";

const section = (version: number): { properties: object; version: number; pending: null } => ({
  properties: {},
  version,
  pending: null,
});

function kept(desired: number, reported: number, etag = "e1"): never {
  return { desired: section(desired), reported: section(reported), etag } as never;
}

function seen(version: number, etag = "e1"): TwinGlance {
  return {
    deviceId: "d",
    etag,
    version,
    status: "enabled",
    connectionState: "disconnected",
    lastActivity: null,
  };
}

test("a twin whose version is the sum of its sections' is in step", () => {
  expect(compareGlance(kept(3, 4), seen(7), undefined)).toBe("in_step");
  expect(compareGlance(kept(3, 4), seen(9), 2)).toBe("in_step");
});

test("a device that reported moves the version and not the etag, as in the real service", () => {
  expect(compareGlance(kept(3, 4), seen(8), undefined)).toBe("changed");
  expect(compareGlance(kept(3, 4), seen(8), 0)).toBe("changed");
});

test("an etag that was never seen is looked at once; what was read is known by its version alone", () => {
  expect(compareGlance(kept(3, 4), seen(7, "e2"), undefined)).toBe("changed");
  expect(compareGlance(kept(3, 4), seen(7, "e2"), 0)).toBe("in_step");
});

test("a query that is behind is told from a change; a twin that was never seen is always read", () => {
  expect(compareGlance(kept(3, 4), seen(6), 0)).toBe("behind");
  expect(compareGlance(kept(0, 0), seen(2), undefined)).toBe("changed");
});
