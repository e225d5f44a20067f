import { beforeEach, describe, expect, test } from "vitest";
import { FakeDirectory } from "../../api/testing/fake-directory.ts";
import { FakeSources } from "../../api/testing/fake-sources.ts";
import type { Device } from "../../core/device.ts";
import type { ParticleCloudSource, ToldDevice } from "../../core/source.ts";
import { applyTold, toldDevice } from "./device-names.ts";

const A = "a".repeat(24);
const B = "b".repeat(24);
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let directory: FakeDirectory;
let sources: FakeSources;
let source: ParticleCloudSource;

beforeEach(async () => {
  directory = new FakeDirectory(() => 0);
  sources = new FakeSources(() => 0);
  const product = (await directory.createProduct({ ownerId: "ada", name: "W", slug: "w", description: "" }))!;
  source = {
    kind: "particle-cloud",
    id: "s1",
    productId: product.id,
    name: "Fleet",
    disabled: false,
    event: "",
    createDevices: true,
    systemEvents: false,
    baseUrl: "https://api.particle.io",
    particleProduct: "12",
    particleDevice: null,
    followEvents: true,
    createdAt: 0,
    updatedAt: 0,
  };
});

const told = (deviceId: string, name: string | null, approval: ToldDevice["approval"] = "approved"): ToldDevice => ({
  deviceId,
  name,
  approval,
});
const apply = (devices: readonly ToldDevice[], areNew = false): Promise<void> =>
  applyTold(source, devices, { directory, sources, log, areNew });
const device = (id: string): Promise<Device | null> => directory.device(id);

describe("what the cloud says", () => {
  test.each([
    [{ id: A.toUpperCase(), name: "n" }, told(A, "n")],
    [{ id: A, name: null, quarantined: true }, told(A, null, "quarantined")],
    [{ id: A, name: "", denied: true, quarantined: true }, told(A, null, "denied")],
    [{ id: A, name: "a\u0007b" }, told(A, null)],
    [{ id: A, name: "x".repeat(200) }, told(A, null)],
    [{ id: A, name: { a: 1 } }, told(A, null)],
    [{ id: "kitchen" }, null],
    [{}, null],
    ["text", null],
    [null, null],
  ])("%o", (value, expected) => {
    expect(toldDevice(value)).toEqual(expected);
  });
});

describe("names", () => {
  test("a listed device joins with its name; one that is quarantined there does not", async () => {
    await apply([told(A, "boiler"), told(B, "stranger", "quarantined")]);
    expect(await device(A)).toMatchObject({ name: "boiler", productId: source.productId, approval: "approved" });
    expect(await device(B)).toBeNull();
  });

  test("where the product quarantines, a listed device joins and waits for approval here", async () => {
    await directory.updateProduct(source.productId, { quarantine: true });
    await apply([told(A, "boiler")]);
    expect(await device(A)).toMatchObject({ name: "boiler", approval: "quarantined" });
    await apply([told(A, "burner")]);
    expect(await device(A)).toMatchObject({ name: "burner", approval: "quarantined" });
  });

  test("none joins where the source may not make devices, and those that are here get their names", async () => {
    source = { ...source, createDevices: false };
    await directory.addToProduct(source.productId, [A]);
    await apply([told(A, "boiler"), told(B, "pump")]);
    expect(await device(A)).toMatchObject({ name: "boiler" });
    expect(await device(B)).toBeNull();
    // It gets its name when it comes later, although nothing changed there.
    await directory.addToProduct(source.productId, [B]);
    await apply([told(A, "boiler"), told(B, "pump")]);
    expect(await device(B)).toMatchObject({ name: "pump" });
  });

  test("a device that was listed as quarantined and then comes gets its name", async () => {
    await apply([told(B, "pump", "quarantined")]);
    await directory.addToProduct(source.productId, [B]);
    await apply([told(B, "pump", "quarantined")], true);
    expect(await device(B)).toMatchObject({ name: "pump", approval: "quarantined" });
  });

  test("only changes are carried over: a name given here stays until the other one changes", async () => {
    await apply([told(A, "boiler")]);
    await directory.updateDevice(A, { name: "mine" });
    await apply([told(A, "boiler")]);
    expect(await device(A)).toMatchObject({ name: "mine" });
    await apply([told(A, "burner")]);
    expect(await device(A)).toMatchObject({ name: "burner" });
    await apply([told(A, null)]);
    expect(await device(A)).toMatchObject({ name: "burner" });
  });

  test("somebody else's device is left alone", async () => {
    await directory.claimDevice("eve", A);
    await apply([told(A, "boiler", "denied")]);
    expect(await device(A)).toMatchObject({ name: null, productId: null, approval: "approved" });
  });

  test("a name that another device of the owner has is no failure", async () => {
    await directory.claimDevice("ada", A);
    await directory.claimDevice("ada", B);
    await apply([told(A, "boiler"), told(B, "boiler")]);
    expect(await device(A)).toMatchObject({ name: "boiler", productId: source.productId });
    expect(await device(B)).toMatchObject({ name: null, productId: source.productId });
  });
});

describe("approval", () => {
  test("quarantine there is quarantine here, and ends with it", async () => {
    await apply([told(A, "boiler")]);
    await apply([told(A, "boiler", "quarantined")]);
    expect(await device(A)).toMatchObject({ approval: "quarantined" });
    await apply([told(A, "boiler", "denied")]);
    expect(await device(A)).toMatchObject({ approval: "denied" });
    await apply([told(A, "boiler")]);
    expect(await device(A)).toMatchObject({ approval: "approved" });
  });

  test("what was denied here is not approved from there", async () => {
    await apply([told(A, "boiler")]);
    await directory.setApproval(A, "denied");
    await apply([told(A, "burner")]);
    expect(await device(A)).toMatchObject({ approval: "denied", name: "burner" });
    await apply([told(A, "burner", "quarantined")]);
    await apply([told(A, "burner")]);
    expect(await device(A)).toMatchObject({ approval: "denied" });
  });
});
