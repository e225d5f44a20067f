/** The keys of apps in the embedded store. Secrets are sealed before they go to the worker. */
import type { Product } from "../core/product.ts";
import { Recent } from "../core/recent.ts";
import type { AppKeys } from "../core/thing-store.ts";
import type { Secrets } from "./secrets.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";
import type { InTurn } from "./turns.ts";

export interface SqliteAppKeysOptions {
  readonly worker: GroupCommit;
  readonly secrets: Secrets;
  /** Keeps changes of sealed texts apart from a change of the key. */
  readonly inTurn: InTurn;
  readonly product: (id: string) => Promise<Product | null>;
}

export interface SqliteAppKeys extends AppKeys {
  /** A product is gone: what is remembered of its key is not true any more. */
  forgetAppSecret(productId: number): void;
}

/** What a secret is sealed to: a sealed secret is of no use in another row. */
const appRecord = (productId: number): string => `app ${productId}`;

export function createAppKeys({ worker, secrets, inTurn, product }: SqliteAppKeysOptions): SqliteAppKeys {
  // With `null` for products that have none: strangers may ask for them as often as they like.
  const opened = new Recent<number, { readonly secret: string | null }>(10_000);

  return {
    forgetAppSecret: (productId) => opened.delete(productId),

    async appSecret(productId: number): Promise<string | null> {
      const cached = opened.get(productId);
      if (cached !== undefined) return cached.secret;
      const sealed = await worker.call("sealedAppSecret", productId);
      const secret = sealed === null ? null : secrets.open(sealed, appRecord(productId));
      opened.set(productId, { secret });
      return secret;
    },

    renewAppSecret(productId: number, secret: string): Promise<void> {
      return inTurn(async () => {
        await worker.call("saveAppSecret", productId, secrets.seal(secret, appRecord(productId)));
        opened.delete(productId);
      });
    },

    async rootApp(): Promise<Product | null> {
      const id = await worker.call("rootAppId");
      return id === null ? null : product(String(id));
    },

    async setRootApp(productId: number): Promise<void> {
      await worker.call("setRootApp", productId);
    },

    takeRootSetup: () => worker.call("takeRootSetup"),
  };
}
