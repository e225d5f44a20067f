import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Product } from "../../core/product.ts";
import type { ThingMade } from "../../core/state-control.ts";
import type { NewThing } from "../../core/thing.ts";
import { createTestApi } from "../../api/testing/test-api.ts";
import type { TestApi } from "../../api/testing/test-api.ts";
import { Interrupts } from "../interrupts.ts";
import { runCli } from "../run-cli.ts";

let api: TestApi;
let url: string;
let token: string;
let productId: number;
let folder: string;
let keysFile: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "isthmus-things-"));
  keysFile = join(folder, "keys.csv");
  api = createTestApi();
  url = await api.listen();
  const ada = await api.account("ada");
  ({ token } = ada);
  const product = { ownerId: ada.id, name: "Weather", slug: "weather", description: "" };
  productId = (await api.directory.createProduct(product))!.id;
});

afterEach(async () => {
  await api.app.close();
  await rm(folder, { recursive: true });
});

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Ctrl-C of each run, as `main` has it. */
let interrupts: Interrupts;

/** Arguments parted by blanks; those that hold some are given one by one. */
async function run(line: string, ...more: readonly string[]): Promise<Ran> {
  let out = "";
  let err = "";
  interrupts = new Interrupts((text) => void (err += text));
  const code = await runCli([...line.split(" "), ...more], {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    env: { ISTHMUS_URL: url, ISTHMUS_TOKEN: token },
    signal: interrupts.signal,
    gently: interrupts.gently,
    now: () => api.world.now,
  });
  return { code, out, err };
}

async function makeThing(): Promise<string> {
  const { out } = await run("things create pump -p weather --state led=true limits.high=30 --json");
  const { id } = (JSON.parse(out) as { thing: { id: string } }).thing;
  await api.directory.addToProduct(productId, [id]);
  return id;
}

test("a Thing is made, shown and deleted, and its keys are printed once", async () => {
  const made = await run("things create pump -p weather --state led=true limits.high=30 --tag north");
  expect(made.out).toMatch(/Connection string, not shown again:\nHostName=\S+\n$/);
  const [id] = /\d{19}/.exec(made.out)!;
  const list = await run("things list -p weather");
  expect(list.out).toMatch(new RegExp(`${id} +pump +disconnected +in_step +never`));
  const shown = await run(`things show ${id}`);
  expect(shown.out).toMatch(/limits\.high +30/);
  expect(list.out + shown.out).not.toMatch(/SharedAccessKey|primary/);
  for (const text of [list.out, shown.out])
    expect(Math.max(...text.split("\n").map(({ length }) => length))).toBeLessThan(81);
  expect((await run(`things delete ${id}`)).out).toBe("Deleted.\n");
  expect(await run(`things show ${id}`)).toMatchObject({
    code: 1,
    err: expect.stringContaining("isthmus things list"),
  });
});

test("a key may go to a file that only its owner reads, and is not printed then", async () => {
  const id = await makeThing();
  const { out } = await run(`things renew-key ${id} --keys-file ${keysFile}`);
  expect(out).not.toContain("SharedAccessKey");
  expect(await readFile(keysFile, "utf8")).toMatch(
    new RegExp(`^id,name,connectionString\n${id},pump,HostName=\\S+\n$`),
  );
  expect((await stat(keysFile)).mode & 0o777).toBe(0o600);
});

test("a state is changed by its keys, replaced as a whole, and shown with who wrote it", async () => {
  const id = await makeThing();
  const set = await run(`things state set ${id} led=null limits.low=5 zip=007`, "note=two words", 'list=[1,"a"]');
  expect(set).toMatchObject({ code: 0, out: "In step with the hub.\n" });
  expect((await api.states.state(id))!.state).toEqual({
    limits: { high: 30, low: 5 },
    zip: "007",
    note: "two words",
    list: [1, "a"],
  });
  expect((await run(`things state show ${id}`)).out).toMatch(/limits\.low +5/);
  await writeFile(join(folder, "state.json"), '{"led":false}');
  await run(`things state replace ${id} @${join(folder, "state.json")}`);
  expect((await api.states.state(id))!.state).toEqual({ led: false });
});

test.each([
  ["things state set 7 led", "led is not KEY=VALUE."],
  ["things state set 7 a..b=1", "a..b has an empty part between dots."],
  ["things state set 7 a=1 a.b=2", "a.b=2 says something else than another one of these."],
  ["things state replace 7 [1]", "The state must be a JSON object."],
  ["things create --count 3 -p weather", "Keys are shown once: name a file for them with --keys-file."],
  ["things create pump --count 3 -p weather --keys-file x", "Give one name, or --count, or --file."],
  ["things delete", "Name Things, or give --product with --all or --query."],
  ["things delete 7 --all -p weather", "Name Things, or give --product with --all or --query."],
  ["things delete -p weather", "Name Things, or give --product with --all or --query."],
  ["things delete --all", "Name Things, or give --product with --all or --query."],
  ["things token weather --expires-in soon", "--expires-in must be seconds, or a number with m, h or d."],
])("%s is wrong usage", async (line, words) => {
  expect(await run(line)).toMatchObject({ code: 2, err: expect.stringContaining(words) });
});

test("what waits for the hub says why and what to do", async () => {
  const id = await makeThing();
  const failure = { code: "hub_unreachable", message: "No answer from the hub." } as const;
  const record = (await api.states.state(id))!;
  const waits = { ...record, pendingSince: 0, trouble: { failure, attempts: 1, retryAt: 1 } } as const;
  api.states.set(waits);
  const { out } = await run(`things state show ${id}`);
  expect(out).toContain("Kept here, waits for the hub. No answer from the hub. Next: Check that the hub is up");
  const full = { code: "message_queue_full", message: "Too many." } as const;
  api.states.set({ ...waits, messageFor: 2, trouble: { ...waits.trouble, failure: full } });
  const message = await run(`things state show ${id}`);
  expect(message.out).toContain("The twin is in step; the message to the device waits. Too many. Next: ");
});

test("a watch shows changes of both sides and ends after so many", async () => {
  const id = await makeThing();
  const watching = run(`things watch ${id} --interval 1 --max 2`);
  const record = (await api.states.state(id))!;
  // After the first look, which shows what there is.
  await new Promise<void>((resolve) => {
    const { state } = api.states;
    api.states.state = async (asked) => {
      const found = await state.call(api.states, asked);
      resolve();
      return found;
    };
  });
  api.states.set({
    ...record,
    state: { led: false, temperature: 21 },
    stamps: { led: [5_000, "api"], temperature: [6_000, "reported"], "limits.high": [7_000, "telemetry"] },
    revision: 9,
  });
  const { out } = await watching;
  expect(out).toContain("led=true limits.high=30\nIn step with the hub.\n");
  expect(out).toContain("00:00:07  telemetry  limits.high removed");
  expect(out).toMatch(/00:00:05 {2}api {8}led=false\n$/);
});

test("devices that publish here have the same commands, by id or name", async () => {
  const device = "0123456789abcdef01234567";
  await run(`devices add ${device}`);
  await run(`devices rename ${device} cellar`);
  await run("devices state set cellar led=true");
  expect((await api.states.state(device))!.state).toEqual({ led: true });
  expect((await run("devices state show cellar")).out).toMatch(/led +true/);
});

test("settings are shown and changed; a key never stands on the command line", async () => {
  await run("things settings weather --telemetry replace --cloud-to-device");
  await writeFile(join(folder, "key"), "c2VjcmV0\n");
  const { out } = await run(`things settings weather --hub my-hub --policy isthmus --key-file ${join(folder, "key")}`);
  expect(out).toMatch(/hub +my-hub\npolicy +isthmus\ntelemetry +replace/);
  expect(out).not.toContain("c2VjcmV0");
  expect((await run("things settings weather --sweep auto")).out).toMatch(/sweep +as often as suits the hub/);
  expect((await run("things settings weather --reset")).out).toBe("Back to the defaults.\n");
  expect((await run("things settings weather --reset")).out).toBe("Back to the defaults.\n");
  expect((await run("things settings weather")).out).toMatch(/hub +the server's default\ntelemetry +merge/);
});

test("a hub without its policy's key says where the key is put", async () => {
  const line = "things settings weather --hub my-hub";
  const { code, err } = await run(`${line} --policy isthmus`);
  expect(code).toBe(1);
  expect(err).toMatch(/policy_key is required \[http_400\] Next: .*ISTHMUS_POLICY_KEY.*--key-file FILE/);
  expect((await run(line)).err).toContain(
    "policy_name is required [http_400] Next: Name the shared access policy with",
  );
  expect((await run("things settings weather --policy isthmus")).err).toContain("Next: Name the hub with --hub NAME.");
});

test("conflicts say which device, who wrote in the hub, and whose value was kept", async () => {
  const id = await makeThing();
  const conflict = { deviceId: id, at: 0, path: "led", ours: true, theirs: null, kept: "theirs", rule: "newest" };
  const conflicts = async (): Promise<readonly never[]> =>
    [{ ...conflict, theirSource: "reported" }] as unknown as readonly never[];
  Object.assign(api.states, { conflicts, conflictsIn: conflicts });
  const device = api.directory.device.bind(api.directory);
  api.directory.device = async (asked) => ({ ...(await device(asked))!, name: "pump" });
  const row = "led +true +removed +reported +theirs \\(newest\\)";
  const all = await run("things conflicts weather");
  expect(all.out).toMatch(/^DEVICE +NAME +WHEN +PATH +OURS +THEIRS +BY +KEPT/);
  expect(all.out).toMatch(new RegExp(`${id} +pump .* ${row}`));
  expect((await run(`things state conflicts ${id}`)).out).toMatch(new RegExp(row));
  const json = JSON.parse((await run("things conflicts weather --json")).out) as { conflicts: unknown[] };
  expect(json.conflicts).toMatchObject([{ device_id: id, device_name: "pump", their_source: "reported" }]);
});

test("a hub's other key goes along from a file or the environment, and is taken back", async () => {
  await writeFile(join(folder, "key"), "c2VjcmV0\n");
  await writeFile(join(folder, "other"), "b3RoZXI=\n");
  const hub = `things settings weather --hub my-hub --policy isthmus --key-file ${join(folder, "key")}`;
  const hubs: unknown[] = [];
  const save = api.stateSettings.saveStateSettings.bind(api.stateSettings);
  api.stateSettings.saveStateSettings = (scope, settings, given) => (hubs.push(given), save(scope, settings, given));
  await run(`${hub} --secondary-key-file ${join(folder, "other")}`);
  await run("things settings weather --no-secondary-key");
  expect(hubs).toMatchObject([{ secondaryKey: "b3RoZXI=" }, { secondaryKey: "" }]);
});

test("an app's secret key is made on demand, and a token of it", async () => {
  expect((await run("things keys weather")).out).toContain("isthmus things keys weather --renew");
  expect((await run("things token weather")).err).toContain("[no_app_keys]");
  expect((await run("things keys weather --renew")).out).toMatch(/access key +app:weather\nsecret key +\S{40}/);
  const { out } = await run("things token weather --expires-in 12h");
  const { exp, iat } = JSON.parse(Buffer.from(out.split(".")[1]!, "base64url").toString()) as Record<string, number>;
  expect(exp! - iat!).toBe(12 * 3_600);
});

test("many Things are made, their keys kept, and the same command passes over what is there", async () => {
  const line = `things create -p weather --count 12 --name-prefix t- --keys-file ${keysFile}`;
  expect((await run(line)).out).toMatch(/^Made 12 in/);
  const first = await readFile(keysFile, "utf8");
  expect(first.split("\n")).toHaveLength(14);
  expect(first).toContain(",t-01,HostName=");
  expect((await run(line)).out).toContain("12 of these names were there already.\n");
  expect(await readFile(keysFile, "utf8")).toBe(first);
});

test("all Things of a product are deleted by one command, or those that a query finds", async () => {
  await run(`things create -p weather --count 8 --name-prefix t- --keys-file ${keysFile}`);
  await run(`things create -p weather --count 2 --state floor=2 --name-prefix u- --keys-file ${keysFile}`);
  expect((await run("things delete -p weather --query _exists_:deviceState.floor")).out).toMatch(
    /^Deleted 2 in .* s\.\n$/,
  );
  expect(await api.things.countThings(productId)).toBe(8);
  const all = await run("things delete -p weather --all --at-once 2 --json");
  expect(JSON.parse(all.out)).toEqual({ deleted: 8, there_no_more: 0 });
  expect(await api.things.countThings(productId)).toBe(0);
  expect((await run("things delete -p weather --all")).out).toMatch(/^Deleted 0 in/);
});

test("what is deleted by somebody else at the same time is no failure, and what the server refuses ends the command", async () => {
  await run(`things create -p weather --count 5 --name-prefix t- --keys-file ${keysFile}`);
  const remove = api.things.delete.bind(api.things);
  api.things.delete = async (id) => (await remove(id), remove(id));
  expect((await run("things delete -p weather --all")).out).toMatch(/^Deleted 0 in .* 5 were gone already\.\n$/);
  expect(await run("things delete -p nosuch --all")).toMatchObject({
    code: 1,
    err: expect.stringContaining("Product"),
  });
});

test("names come from a file, quoted or not, and Things whose keys are in no file get new ones", async () => {
  const names = join(folder, "names.csv");
  await writeFile(names, 'name,place\nnorth,a\n"south, ""old""",b\nnorth,c\n\n');
  const line = `things create -p weather --file ${names} --keys-file ${keysFile}`;
  expect((await run(line)).out).toMatch(/^Made 2 in/);
  expect((await run(`${line} --json`)).out).toContain('"without_keys": []');
  await writeFile(keysFile, "");
  expect((await run(line)).out).toContain("2 of them are not in");
  expect((await run(`${line} --renew-missing`)).out).toContain("2 of them got a new key.");
  expect(await readFile(keysFile, "utf8")).toContain('"south, ""old""",HostName=');
});

/** Lets the fake refuse: `before(name, tries)` says what, or `null`. */
function refuse(before: (name: string, tries: number) => Exclude<ThingMade, { kind: "made" }> | null): void {
  const create = api.things.create.bind(api.things);
  const tries = new Map<string, number>();
  api.things.create = async (product: Product, input: NewThing) => {
    const count = (tries.get(input.name!) ?? 0) + 1;
    tries.set(input.name!, count);
    return before(input.name!, count) ?? create(product, input);
  };
}

test("a hub that asks for patience is waited for; what fails is told by its cause", async () => {
  const at = api.world.now + 1_000;
  const throttled = { code: "create_throttled", message: "Too fast.", notBefore: at } as const;
  const broken = { code: "hub_error", message: "The hub has trouble." } as const;
  refuse((name, tries) => {
    if (name === "t-2" && tries === 1) return { kind: "hub", failure: throttled };
    return name === "t-5" ? { kind: "hub", failure: broken } : null;
  });
  const { code, out } = await run(`things create -p weather --count 6 --name-prefix t- --keys-file ${keysFile}`);
  expect(code).toBe(1);
  expect(out).toMatch(/^Made 5 in/);
  expect(out).toContain("1 failed: The hub has trouble. [hub_error] Next: ");
});

test("what is true for all ends the run, and the rest is not tried", async () => {
  refuse(() => ({ kind: "no_hub", message: "No hub mirrors states here.", nextStep: "Set one." }));
  const line = `things create -p weather --count 50 --name-prefix t- --keys-file ${keysFile} --at-once 2 --json`;
  const { code, out } = await run(line);
  expect(code).toBe(1);
  const json = JSON.parse(out) as { made: number; not_tried: number; failures: { code: string }[] };
  expect(json).toMatchObject({ made: 0, failures: [{ code: "no_hub" }] });
  expect(json.not_tried).toBeGreaterThan(40);
});

test("an answer that was lost leaves neither two Things of a name nor one without keys", async () => {
  let lost = 0;
  api.app.server.prependListener("request", ({ method, url: path, socket }, response) => {
    if (method !== "POST" || !path!.endsWith("/things") || lost++ >= 3) return;
    // Made, and nobody hears of it.
    response.writeHead = () => (socket.destroy(), response);
  });
  const { out } = await run(`things create -p weather --count 6 --name-prefix t- --keys-file ${keysFile} --at-once 3`);
  expect(out).toMatch(/^Made 6 in/);
  expect(await api.things.countThings(productId)).toBe(6);
  const rows = (await readFile(keysFile, "utf8")).trim().split("\n").slice(1);
  expect(new Set(rows.map((row) => row.split(",")[1])).size).toBe(6);
});

interface Signalled {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function signalled(): Signalled {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

/** Creates wait in the hub until they are let go; resolves when so many are under way. */
function heldCreates(count: number): { readonly underWay: Promise<void>; readonly letGo: () => void } {
  const create = api.things.create.bind(api.things);
  const [underWay, gate] = [signalled(), signalled()];
  let begun = 0;
  api.things.create = async (product: Product, input: NewThing) => {
    begun += 1;
    if (begun === count) underWay.resolve();
    await gate.promise;
    return create(product, input);
  };
  return { underWay: underWay.promise, letGo: () => gate.resolve() };
}

async function keysKept(): Promise<number> {
  return (await readFile(keysFile, "utf8")).trim().split("\n").length - 1;
}

test("Ctrl-C lets what is under way end: its keys are written, and the same command goes on", async () => {
  const line = `things create -p weather --count 9 --name-prefix t- --keys-file ${keysFile} --at-once 3`;
  const { underWay, letGo } = heldCreates(3);
  const running = run(line);
  await underWay;
  interrupts.came();
  letGo();
  const { code, out, err } = await running;
  expect(err).toContain("Ctrl-C again stops at once");
  expect({ code, out }).toEqual({ code: 1, out: expect.stringMatching(/^Made 3 in/) });
  expect(out).toContain("6 were not tried. The same command goes on with them.\n");
  expect(await keysKept()).toBe(3);
  expect((await run(line)).out).toMatch(/^Made 6 in[^]*3 of these names were there already/);
  expect(await keysKept()).toBe(9);
});

test("a second Ctrl-C stops at once, and what was cut off is told", async () => {
  const line = `things create -p weather --count 9 --name-prefix t- --keys-file ${keysFile} --at-once 3`;
  const { underWay, letGo } = heldCreates(3);
  const running = run(line);
  await underWay;
  interrupts.came();
  interrupts.came();
  const { code, out } = await running;
  expect(code).toBe(1);
  expect(out).toContain("3 were cut off, made or not.");
  expect(out).toContain("6 were not tried.");
  letGo();
  await expect.poll(() => api.things.countThings(productId)).toBe(3);
  expect((await run(`${line} --renew-missing`)).out).toContain("3 of them got a new key.");
  expect(await keysKept()).toBe(9);
});

test("Ctrl-C ends the waiting for a hub that asks for patience", async () => {
  const waiting = signalled();
  refuse(() => {
    setImmediate(() => waiting.resolve());
    return {
      kind: "hub",
      failure: { code: "create_throttled", message: "Too fast.", notBefore: api.world.now + 3_600_000 },
    };
  });
  const running = run(`things create -p weather --count 3 --keys-file ${keysFile}`);
  await waiting.promise;
  interrupts.came();
  expect((await running).out).toMatch(/^Made 0 in[^]*3 were not tried/);
});

test("the one Thing whose key is on its way is shown in spite of Ctrl-C", async () => {
  const { underWay, letGo } = heldCreates(1);
  const running = run("things create pump -p weather");
  await underWay;
  interrupts.came();
  letGo();
  expect((await running).out).toContain("Connection string, not shown again:\nHostName=");
});
