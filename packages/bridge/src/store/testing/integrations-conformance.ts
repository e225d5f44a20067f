/** What every store must do with integrations, their hub connections and the hubs' identities. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lineKey } from "../../core/delivery-target.ts";
import { deviceId, settings, webhookSettings } from "./store-samples.ts";
import type { OpenStore, Store, StoreUnderTest } from "./store-under-test.ts";

export function describeIntegrations(open: OpenStore): void {
  describe("integrations", () => {
    let under: StoreUnderTest;
    let store: Store;
    beforeEach(async () => {
      under = await open({ now: () => 1_700_000_000_000 });
      store = under.store;
    });
    afterEach(() => under.dispose());

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

    test("the doctor's last report is kept over a restart, and goes with its integration", async () => {
      const scope = { kind: "product", productId: 7 } as const;
      const made = await store.createIntegration(settings(scope));
      expect(await store.doctorReport(made.id)).toBeNull();
      const report = {
        pass: false,
        at: 5,
        checks: [{ name: "quota", ok: false, message: "Used up.", code: "q" }],
      } as const;
      await store.keepDoctorReport(made.id, { pass: true, at: 4, checks: [] });
      await store.keepDoctorReport(made.id, report);
      store = await under.reopen();
      expect(await store.doctorReport(made.id)).toEqual(report);
      await store.deleteIntegration(made.id);
      expect(await store.doctorReport(made.id)).toBeNull();
      await store.keepDoctorReport(made.id, report);
      expect(await store.doctorReport(made.id)).toBeNull();
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
