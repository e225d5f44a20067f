/** Whoever serves a device on an open connection is told when something about it changed. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSqliteStore, type SqliteStore } from "./sqlite-store.ts";
import { temporaryFolder } from "./testing/sqlite-under-test.ts";
import { deviceId } from "./testing/store-samples.ts";

const ID = deviceId(1);

let store: SqliteStore;
let remove: () => void;
let token: string;
let productId: number;
/** At each notice: the device's approval, and whether its token is still good, as reads show them from then on. */
let notices: Promise<string>[];
let onNotice: (id: string) => void;

beforeEach(async () => {
  const temporary = temporaryFolder();
  remove = temporary.remove;
  store = await openSqliteStore({
    folder: temporary.folder,
    onFatal: (error) => {
      throw error;
    },
    onDeviceChanged: (id) => onNotice(id),
  });
  onNotice = () => undefined;
  const product = { ownerId: "owner", name: "P", slug: "p", description: "" };
  productId = (await store.createProduct(product))!.id;
  await store.addToProduct(productId, [ID]);
  token = await store.createDeviceToken(ID);
  await store.deviceByToken(token);
  notices = [];
  onNotice = (id) => notices.push(seen(id));
});

afterEach(async () => {
  await store.close();
  remove();
});

async function seen(id: string): Promise<string> {
  const [device, byToken] = [await store.device(id), await store.deviceByToken(token)];
  return `${device?.approval ?? "gone"}, ${byToken === null ? "token void" : "token good"}`;
}

test.each([
  ["denying", (): Promise<unknown> => store.setApproval(ID, "denied"), "denied, token good"],
  ["revoking its tokens", (): Promise<unknown> => store.revokeDeviceTokens(ID), "approved, token void"],
  ["removing it", (): Promise<unknown> => store.removeFromProduct(productId, ID), "gone, token void"],
  ["deleting its product", (): Promise<unknown> => store.deleteProduct(productId), "gone, token void"],
  ["claiming it", (): Promise<unknown> => store.claimDevice("owner", ID), "approved, token good"],
])("%s is told, and seen by whoever looks then", async (_what, change, expected) => {
  await change();
  expect(await Promise.all(notices)).toEqual([expected]);
});
