/** The secrets of apps, sealed, and which app is the root. */
import type { Transaction } from "./transaction.ts";

export interface AppKeyOperations {
  sealedAppSecret(productId: number): string | null;
  /** 0 when there is no such product. */
  saveAppSecret(productId: number, sealed: string): number;
  rootAppId(): number | null;
  setRootApp(productId: number): null;
  takeRootSetup(): boolean;
}

export function appKeyOperations({ db }: Transaction): AppKeyOperations {
  const secret = db.prepare("SELECT sealed_secret FROM app_key WHERE id = ?");
  const save = db.prepare(
    "INSERT OR REPLACE INTO app_key (id, sealed_secret) SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM product WHERE id = ?1)",
  );
  const root = db.prepare("SELECT value FROM setting WHERE name = 'root_app'");
  const setRoot = db.prepare("INSERT OR REPLACE INTO setting (name, value) VALUES ('root_app', ?)");
  const take = db.prepare("INSERT OR IGNORE INTO setting (name, value) VALUES ('root_setup', 'taken')");
  return {
    sealedAppSecret: (productId) => (secret.get(productId)?.["sealed_secret"] as string | undefined) ?? null,
    saveAppSecret: (productId, sealed) => save.run(productId, sealed).changes,
    rootAppId() {
      const value = root.get()?.["value"];
      return value === undefined ? null : Number(value);
    },
    setRootApp(productId) {
      setRoot.run(String(productId));
      return null;
    },
    takeRootSetup: () => take.run().changes === 1,
  };
}
