/** What every store must do with accounts, devices, products and integrations. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lineKey } from "../../core/delivery-target.ts";
import { deviceId, event, settings, webhookSettings } from "./store-samples.ts";
import type { OpenStore, Store, StoreUnderTest } from "./store-under-test.ts";

export function describeDirectory(open: OpenStore): void {
  describe("directory", () => {
    let under: StoreUnderTest;
    let store: Store;
    beforeEach(async () => {
      under = await open({ now: () => 1_700_000_000_000 });
      store = under.store;
    });
    afterEach(() => under.dispose());

    const account = async (username = "ada@example.com"): Promise<string> =>
      (await store.createAccount({ username, passwordHash: "scrypt$1" }))!.id;

    test("an account is found by its name in any letter case, and only once", async () => {
      const id = await account("Ada@Example.com");
      expect(await store.accountByUsername("ada@example.COM")).toMatchObject({
        account: { id, username: "Ada@Example.com" },
        passwordHash: "scrypt$1",
      });
      expect(await store.createAccount({ username: "ADA@example.com", passwordHash: "scrypt$2" })).toBeNull();
      expect(await store.accountByUsername("eve@example.com")).toBeNull();
      expect((await store.account(await account("eve@example.com")))?.username).toBe("eve@example.com");
    });

    test("the operator is told from others, and passwords are replaced", async () => {
      const operator = await store.createAccount({ username: "root", passwordHash: "scrypt$1", operator: true });
      const id = await account();
      await store.setPassword(id, "scrypt$2");
      store = await under.reopen();
      expect(await store.account(operator!.id)).toEqual(operator);
      const roles = (await store.accounts()).map(({ username, operator: runs }) => [username, runs] as const);
      expect(new Map(roles)).toEqual(
        new Map([
          ["ada@example.com", false],
          ["root", true],
        ]),
      );
      expect(await store.accountByUsername("ada@example.com")).toMatchObject({ passwordHash: "scrypt$2" });
    });

    test("an account goes with its tokens, and stays while it owns anything", async () => {
      const id = await account();
      const token = await store.createToken({ accountId: id, client: "cli", expiresAt: null });
      expect(await store.accessToken(token)).not.toBeNull();
      await store.claimDevice(id, deviceId(1));
      expect(await store.deleteAccount(id)).toBe("owns_things");
      await store.unclaimDevice(deviceId(1));
      const made = await store.createIntegration(settings({ kind: "sandbox", accountId: id }));
      expect(await store.deleteAccount(id)).toBe("owns_things");
      await store.deleteIntegration(made.id);
      expect(await store.accessToken(token)).not.toBeNull();
      expect(await store.deleteAccount(id)).toBe("deleted");
      expect(await store.accessToken(token)).toBeNull();
      expect(await store.account(id)).toBeNull();
      expect(await store.deleteAccount(id)).toBe("unknown");
    });

    test("an API user has one token: a change makes a new one and ends the old, over a restart too", async () => {
      const made = await store.createApiUser({ productId: 7, friendlyName: "Billing job", scopes: ["events:get"] });
      expect(made.apiUser.username).toMatch(/^billing-job\+[0-9a-f]+@api\.particle\.io$/);
      expect(await store.accessToken(made.token)).toMatchObject({ apiUser: made.apiUser, expiresAt: null });
      const changed = (await store.replaceApiUser({ ...made.apiUser, scopes: ["events:get", "devices:list"] }))!;
      expect(await store.accessToken(made.token)).toBeNull();
      store = await under.reopen();
      expect(await store.accessToken(made.token)).toBeNull();
      expect(await store.accessToken(changed.token)).toMatchObject({
        accountId: made.apiUser.id,
        apiUser: { productId: 7, scopes: ["events:get", "devices:list"] },
      });
      expect(await store.apiUsersIn(7)).toEqual([changed.apiUser]);
      expect(await store.apiUsersIn(8)).toEqual([]);
      expect(await store.apiUser(8, made.apiUser.username)).toBeNull();
      expect(await store.apiUser(7, made.apiUser.username)).toEqual(changed.apiUser);
      expect(await store.deleteApiUser(made.apiUser.id)).toBe(true);
      expect(await store.deleteApiUser(made.apiUser.id)).toBe(false);
      expect(await store.replaceApiUser(made.apiUser)).toBeNull();
      expect(await store.accessToken(changed.token)).toBeNull();
      expect(await store.apiUsersIn(7)).toEqual([]);
    });

    test("a person's token is no API user's", async () => {
      const token = await store.createToken({ accountId: await account(), client: "cli", expiresAt: null });
      expect((await store.accessToken(token))?.apiUser).toBeNull();
    });

    test("an access token is known until it is revoked, over a restart too", async () => {
      const accountId = await account();
      const token = await store.createToken({ accountId, client: "cli", expiresAt: null });
      const other = await store.createToken({ accountId, client: "cli", expiresAt: 5 });
      expect(await store.accessToken(token)).toMatchObject({ accountId, client: "cli", expiresAt: null });
      expect(await store.accessToken(other)).toMatchObject({ expiresAt: 5 });
      expect(await store.revokeToken(token)).toBe(true);
      expect(await store.revokeToken(token)).toBe(false);
      expect(await store.accessToken(token)).toBeNull();
      store = await under.reopen();
      expect(await store.accessToken(token)).toBeNull();
      expect(await store.accessToken(other)).not.toBeNull();
      expect(await store.revokeTokensOf(accountId)).toBe(1);
      expect(await store.accessToken(other)).toBeNull();
    });

    test("a token that is revoked while it is looked up is not remembered", async () => {
      const token = await store.createToken({ accountId: await account(), client: "cli", expiresAt: null });
      await Promise.all([store.accessToken(token), store.revokeToken(token), store.accessToken(token)]);
      expect(await store.accessToken(token)).toBeNull();
    });

    test("a device belongs to who claims it first", async () => {
      const [ada, eve] = [await account(), await account("eve@example.com")];
      expect(await store.claimDevice(ada, deviceId(1))).toBe("claimed");
      expect(await store.claimDevice(ada, deviceId(1))).toBe("claimed");
      expect(await store.claimDevice(eve, deviceId(1))).toBe("taken");
      expect((await store.device(deviceId(1)))?.ownerId).toBe(ada);
      await store.unclaimDevice(deviceId(1));
      expect(await store.device(deviceId(1))).toBeNull();
      expect(await store.claimDevice(eve, deviceId(1))).toBe("claimed");
    });

    test("a name is unique among its owner's devices", async () => {
      const [ada, eve] = [await account(), await account("eve@example.com")];
      for (const n of [1, 2]) await store.claimDevice(ada, deviceId(n));
      await store.claimDevice(eve, deviceId(3));
      expect(await store.updateDevice(deviceId(1), { name: "boiler", notes: "cellar" })).toBe("updated");
      expect(await store.updateDevice(deviceId(1), { name: "boiler", firmwareVersion: 3 })).toBe("updated");
      expect(await store.updateDevice(deviceId(2), { name: "boiler" })).toBe("name_taken");
      expect(await store.updateDevice(deviceId(3), { name: "boiler" })).toBe("updated");
      expect(await store.updateDevice(deviceId(9), { name: "boiler" })).toBe("unknown");
      expect(await store.deviceByName(ada, "boiler")).toMatchObject({ notes: "cellar", firmwareVersion: 3 });
      expect(await store.updateDevice(deviceId(1), { name: null })).toBe("updated");
      expect(await store.deviceByName(ada, "boiler")).toBeNull();
    });

    test("a product device loses its name to one that its new owner already uses", async () => {
      const ada = await account();
      const product = await store.createProduct({ ownerId: ada, name: "Fleet", slug: "fleet", description: "" });
      await store.addToProduct(product!.id, [deviceId(1)]);
      await store.updateDevice(deviceId(1), { name: "boiler" });
      await store.claimDevice(ada, deviceId(2));
      await store.updateDevice(deviceId(2), { name: "boiler" });
      expect(await store.claimDevice(ada, deviceId(1))).toBe("claimed");
      expect((await store.device(deviceId(1)))?.name).toBeNull();
      expect((await store.deviceByName(ada, "boiler"))?.id).toBe(deviceId(2));
    });

    test("what is read of a device is never older than a finished change", async () => {
      await store.claimDevice(await account(), deviceId(1));
      for (let version = 1; version <= 50; version++) {
        const reads = [store.device(deviceId(1))];
        const change = store.updateDevice(deviceId(1), { firmwareVersion: version });
        reads.push(
          store.device(deviceId(1)),
          store.append(event(), []).then(() => store.device(deviceId(1))),
        );
        await change;
        expect((await store.device(deviceId(1)))?.firmwareVersion).toBe(version);
        await Promise.all(reads);
        expect((await store.device(deviceId(1)))?.firmwareVersion).toBe(version);
      }
    });

    test("the last event's time shows at once, alone and in lists, and after a restart", async () => {
      const ada = await account();
      await store.claimDevice(ada, deviceId(1));
      for (const receivedAt of [1_700_000_000_100, 1_700_000_000_200, 1_700_000_000_300]) {
        await store.append(event({ receivedAt }), []);
        expect((await store.device(deviceId(1)))?.lastHeard).toBe(receivedAt);
        await store.updateDevice(deviceId(1), { notes: String(receivedAt) });
        expect((await store.device(deviceId(1)))?.lastHeard).toBe(receivedAt);
        expect((await store.devicesOf(ada))[0]?.lastHeard).toBe(receivedAt);
      }
      await store.append(event({ receivedAt: 1_700_000_000_400 }), []);
      store = await under.reopen();
      expect((await store.device(deviceId(1)))?.lastHeard).toBe(1_700_000_000_400);
    });

    test("a device's token stands for it until revoked, and dies with the device", async () => {
      const ada = await account();
      await store.claimDevice(ada, deviceId(1));
      const [first, second] = [await store.createDeviceToken(deviceId(1)), await store.createDeviceToken(deviceId(1))];
      expect((await store.deviceByToken(first))?.id).toBe(deviceId(1));
      expect((await store.deviceByToken(second))?.id).toBe(deviceId(1));
      expect(await store.revokeDeviceTokens(deviceId(1))).toBe(2);
      expect(await store.deviceByToken(first)).toBeNull();
      const third = await store.createDeviceToken(deviceId(1));
      expect(await store.deviceByToken(third)).not.toBeNull();
      await store.unclaimDevice(deviceId(1));
      await store.claimDevice(ada, deviceId(1));
      expect(await store.deviceByToken(third)).toBeNull();
    });

    test("a product takes devices that are in no other, and forgets those without an owner when they leave", async () => {
      const ada = await account();
      const make = (slug: string): ReturnType<Store["createProduct"]> =>
        store.createProduct({ ownerId: ada, name: slug, slug, description: "" });
      const [fleet, lab] = [await make("fleet"), await make("lab")];
      expect(await make("fleet")).toBeNull();
      expect(await store.product("fleet")).toEqual(fleet);
      expect(await store.product(String(lab!.id))).toEqual(lab);
      expect((await store.productsOf(ada)).map((product) => product.slug)).toEqual(["fleet", "lab"]);
      await store.claimDevice(ada, deviceId(2));
      expect(await store.addToProduct(fleet!.id, [deviceId(1), deviceId(2)])).toEqual({
        added: [deviceId(1), deviceId(2)],
        nonmember: [],
      });
      expect(await store.addToProduct(lab!.id, [deviceId(1), deviceId(3)])).toEqual({
        added: [deviceId(3)],
        nonmember: [deviceId(1)],
      });
      await store.setApproval(deviceId(1), "quarantined");
      expect(await store.device(deviceId(1))).toMatchObject({ approval: "quarantined", ownerId: null });
      for (const n of [1, 2]) await store.removeFromProduct(fleet!.id, deviceId(n));
      expect(await store.device(deviceId(1))).toBeNull();
      expect(await store.device(deviceId(2))).toMatchObject({ ownerId: ada, productId: null });
    });

    test("a product's devices are filtered, sorted and paged", async () => {
      const ada = await account();
      const fleet = await store.createProduct({ ownerId: ada, name: "Fleet", slug: "fleet", description: "" });
      const ids = Array.from({ length: 7 }, (_, n) => deviceId(n + 1));
      await store.addToProduct(fleet!.id, ids);
      for (const [n, id] of ids.entries()) await store.updateDevice(id, { name: `Pump_${n}%`, firmwareVersion: 9 - n });
      await store.setApproval(deviceId(3), "quarantined");
      const list = async (query: object): Promise<[string[], number]> => {
        const { devices, total } = await store.devicesIn(fleet!.id, { page: 1, perPage: 100, ...query });
        return [devices.map((device) => device.id), total];
      };
      expect(await list({ page: 2, perPage: 3 })).toEqual([ids.slice(3, 6), 7]);
      expect(await list({ descending: true, perPage: 2 })).toEqual([[ids[6], ids[5]], 7]);
      expect(await list({ sortBy: "firmwareVersion", perPage: 1 })).toEqual([[ids[6]], 7]);
      expect(await list({ quarantined: true })).toEqual([[ids[2]], 1]);
      expect((await list({ quarantined: false }))[1]).toBe(6);
      expect(await list({ deviceName: "pUMP_4" })).toEqual([[ids[4]], 1]);
      expect((await list({ deviceName: "_" }))[1]).toBe(7);
      expect((await list({ deviceName: "%" }))[1]).toBe(7);
      expect((await list({ deviceName: "p%p" }))[1]).toBe(0);
      expect(await list({ deviceId: deviceId(5).slice(-4) })).toEqual([[ids[4]], 1]);
    });

    test("integrations with the same hub, policy and key share a connection, which goes with the last of them", async () => {
      const scope = { kind: "product", productId: 7 } as const;
      const first = await store.createIntegration(settings(scope));
      const second = await store.createIntegration(settings(scope, { event: "other", template: { a: "{{{x}}}" } }));
      const third = await store.createIntegration(settings(scope, { policyKey: "b3RoZXI=" }));
      expect(lineKey(second)).toBe(lineKey(first));
      expect(lineKey(third)).not.toBe(lineKey(first));
      expect(await store.connection(lineKey(third))).toMatchObject({ policyKey: "b3RoZXI=" });
      expect(await store.integration(second.id)).toEqual(second);
      expect(await store.integrationsIn(scope)).toHaveLength(3);
      expect(await store.integrationsIn({ kind: "product", productId: 8 })).toEqual([]);
      await store.saveIdentity(lineKey(third), deviceId(1), { generationId: "1", nameWritten: null });
      expect(await store.deleteIntegration(third.id)).toBe(true);
      expect(await store.deleteIntegration(third.id)).toBe(false);
      expect(await store.connection(lineKey(third))).toBeNull();
      expect(await store.identity(lineKey(third), deviceId(1))).toBeNull();
      expect(await store.connection(lineKey(first))).not.toBeNull();
    });

    test("all that an integration is set to comes back, after a restart too", async () => {
      const scope = { kind: "sandbox", accountId: "a" } as const;
      const { hostName, policyKey, ...asked } = settings(scope, {
        template: '{"t":{{t}}}',
        contentType: "application/cbor",
        properties: { kind: "{{kind}}", __proto__x: "y" },
        parseData: true,
        nameSync: "continuous",
        createIdentities: false,
        deviceIdPrefix: "site-4:",
        dailyCap: 8_000,
        disabled: true,
        deviceId: deviceId(1),
      });
      const made = await store.createIntegration({ ...asked, hostName, policyKey: policyKey! });
      expect(made).toMatchObject(asked);
      store = await under.reopen();
      expect(await store.integration(made.id)).toEqual(made);
      const changed = await store.updateIntegration(made.id, settings(scope));
      expect(changed).toMatchObject({ createIdentities: true, deviceIdPrefix: "", dailyCap: null, properties: {} });
    });

    test("a webhook has no connection, and leaves those of the hubs alone", async () => {
      const scope = { kind: "product", productId: 7 } as const;
      const hub = await store.createIntegration(settings(scope));
      const secrets = { query: {}, form: {}, headers: { "x-key": "k" }, auth: { username: "u", password: "p" } };
      const webhook = await store.createIntegration(webhookSettings(scope, secrets));
      expect(await store.webhookSecrets(webhook.id)).toEqual(secrets);
      expect(await store.webhookSecrets(hub.id)).toBeNull();
      expect(lineKey(webhook)).toBe(webhook.id);
      store = await under.reopen();
      expect(await store.integrationsIn(scope)).toEqual(expect.arrayContaining([hub, webhook]));
      expect(await store.connection(lineKey(hub))).not.toBeNull();
      // The other way round: a hub that is gone leaves no connection because of a webhook that has none.
      expect(await store.deleteIntegration(hub.id)).toBe(true);
      expect(await store.connection(lineKey(hub))).toBeNull();
      expect(await store.integration(webhook.id)).toEqual(webhook);
    });

    test("two keys and an Entra credential are kept, and given back whole", async () => {
      const scope = { kind: "sandbox", accountId: "a" } as const;
      const entra = { kind: "client_secret", tenantId: "t", clientId: "c", clientSecret: "s3cret" } as const;
      const made = await store.createIntegration(settings(scope, { secondaryKey: "c2Vjb25k", entra }));
      store = await under.reopen();
      expect(await store.connection(lineKey(made))).toMatchObject({ secondaryKey: "c2Vjb25k", entra });
      const { policyKey: _kept, ...keyless } = settings(scope);
      const { clientSecret: _secret, ...secretless } = entra;
      await store.updateIntegration(made.id, { ...keyless, entra: secretless });
      expect(await store.connection(lineKey(made))).toMatchObject({ secondaryKey: "c2Vjb25k", entra });
      const managed = { kind: "managed_identity", clientId: null } as const;
      await store.updateIntegration(made.id, { ...keyless, secondaryKey: "", entra: managed });
      expect(await store.connection(lineKey(made))).toMatchObject({ secondaryKey: null, entra: managed });
      await store.updateIntegration(made.id, { ...keyless, entra: null });
      expect(await store.connection(lineKey(made))).toMatchObject({ entra: null });
    });

    test("other credentials are another connection: who knows the key alone gets no more than the key", async () => {
      const scope = { kind: "sandbox", accountId: "a" } as const;
      const bare = await store.createIntegration(settings(scope));
      const more = await store.createIntegration(settings(scope, { secondaryKey: "c2Vjb25k" }));
      const entra = { kind: "managed_identity", clientId: null } as const;
      const most = await store.createIntegration(settings(scope, { entra }));
      expect(new Set([bare, more, most].map(lineKey)).size).toBe(3);
      expect(await store.connection(lineKey(bare))).toMatchObject({ secondaryKey: null, entra: null });
    });

    test("new keys keep the connection of an integration that has it alone, with what is known of its hub", async () => {
      const scope = { kind: "sandbox", accountId: "a" } as const;
      const made = await store.createIntegration(settings(scope));
      await store.saveIdentity(lineKey(made), deviceId(1), { generationId: "g", nameWritten: "boiler" });
      const rotated = await store.updateIntegration(made.id, settings(scope, { policyKey: "bmV3" }));
      expect(lineKey(rotated!)).toBe(lineKey(made));
      store = await under.reopen();
      expect(await store.connection(lineKey(made))).toMatchObject({ policyKey: "bmV3" });
      expect(await store.identity(lineKey(made), deviceId(1))).toMatchObject({ generationId: "g" });
    });

    test("new keys of one integration leave those alone that shared the old ones, and know the same devices", async () => {
      const scope = { kind: "sandbox", accountId: "a" } as const;
      const first = await store.createIntegration(settings(scope));
      const second = await store.createIntegration(settings(scope));
      const known = { generationId: "g", nameWritten: "boiler" };
      await store.saveIdentity(lineKey(first), deviceId(1), known);
      const rotated = await store.updateIntegration(first.id, settings(scope, { policyKey: "bmV3" }));
      expect(lineKey(rotated!)).not.toBe(lineKey(second));
      expect(await store.connection(lineKey(second))).toMatchObject({ policyKey: settings(scope).policyKey });
      expect(await store.identity(lineKey(rotated!), deviceId(1))).toEqual(known);
      const joined = await store.updateIntegration(second.id, settings(scope, { policyKey: "bmV3" }));
      expect(lineKey(joined!)).toBe(lineKey(rotated!));
      expect(await store.connection(lineKey(second))).toBeNull();
      const moved = await store.updateIntegration(first.id, settings(scope, { hostName: "other.azure-devices.net" }));
      expect(await store.identity(lineKey(moved!), deviceId(1))).toBeNull();
    });

    test("an edit without a key keeps the stored one, for another host too", async () => {
      const scope = { kind: "sandbox", accountId: "a" } as const;
      const { policyKey, ...keyless } = settings(scope);
      const made = await store.createIntegration({ ...keyless, policyKey: policyKey! });
      const moved = await store.updateIntegration(made.id, { ...keyless, hostName: "other.azure-devices.net" });
      expect(moved).toMatchObject({ id: made.id, createdAt: made.createdAt });
      expect(await store.connection(lineKey(moved!))).toMatchObject({
        hostName: "other.azure-devices.net",
        policyKey,
      });
      expect(await store.updateIntegration("gone", settings(scope))).toBeNull();
    });

    test("an edit that meets a deletion does not bring the integration back, nor a new key the old one", async () => {
      const scope = { kind: "sandbox", accountId: "a" } as const;
      const { policyKey: _unchanged, ...keyless } = settings(scope);
      const made = await store.createIntegration(settings(scope));
      await Promise.all([store.deleteIntegration(made.id), store.updateIntegration(made.id, keyless)]);
      expect(await store.integration(made.id)).toBeNull();
      const next = await store.createIntegration(settings(scope));
      const [, last] = await Promise.all([
        store.updateIntegration(next.id, { ...keyless, policyKey: "bmV3" }),
        store.updateIntegration(next.id, { ...keyless, name: "renamed" }),
      ]);
      expect(await store.connection(lineKey(last!))).toMatchObject({ policyKey: "bmV3" });
    });

    test("how often an identity has vanished is counted by the day, over restarts", async () => {
      expect(await store.identityLosses("c1", deviceId(1), "2026-03-01")).toBe(0);
      await store.identityLost("c1", deviceId(1), "2026-03-01");
      expect(await store.identityLost("c1", deviceId(1), "2026-03-01")).toBe(2);
      await store.identityLost("c1", deviceId(2), "2026-03-01");
      store = await under.reopen();
      expect(await store.identityLosses("c1", deviceId(1), "2026-03-01")).toBe(2);
      expect(await store.identityLosses("c2", deviceId(1), "2026-03-01")).toBe(0);
      expect(await store.identityLost("c1", deviceId(1), "2026-03-02")).toBe(1);
      expect(await store.identityLosses("c1", deviceId(2), "2026-03-01")).toBe(0);
    });

    test("identities are kept per connection", async () => {
      expect(await store.identity("c1", deviceId(1))).toBeNull();
      await store.saveIdentity("c1", deviceId(1), { generationId: "g1", nameWritten: null });
      await store.saveIdentity("c2", deviceId(1), { generationId: "g2", nameWritten: null });
      await store.saveIdentity("c1", deviceId(1), { generationId: "g3", nameWritten: "boiler" });
      store = await under.reopen();
      expect(await store.identity("c1", deviceId(1))).toEqual({ generationId: "g3", nameWritten: "boiler" });
      expect(await store.identityLost("c1", deviceId(1), "2026-03-01")).toBe(1);
      expect(await store.identity("c1", deviceId(1))).toBeNull();
      expect(await store.identity("c2", deviceId(1))).toEqual({ generationId: "g2", nameWritten: null });
    });
  });
}
