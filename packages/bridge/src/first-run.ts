/** `first-run.json`: how to sign in and where everything is. Written at first start; later starts change only addresses. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hashPassword } from "./api/password.ts";
import type { Account } from "./core/account.ts";
import type { Accounts, Products } from "./core/directory.ts";
import type { AppKeys } from "./core/thing-store.ts";
import type { LocalHub } from "./local-hub.ts";
import { ensureRootApp, type AppKeyPair } from "./root-app.ts";

interface Administrator {
  readonly username: string;
  readonly password: string;
  readonly accessToken: string;
}

export interface FirstRun extends Administrator {
  readonly url: string;
  /** Where devices connect; absent when MQTT is off. */
  readonly mqttUrl?: string;
  readonly mqttsUrl?: string;
  /** The root app's keys, for Para's clients. */
  readonly para: AppKeyPair;
  readonly localHub?: {
    readonly hostName: string;
    readonly httpsPort: number;
    readonly amqpsPort: number;
    readonly mqttsPort: number;
    /** Of the policy `iothubowner`. */
    readonly connectionString: string;
    readonly eventHubConnectionString: string;
    /** Certificate authority to trust, PEM. */
    readonly caFile: string;
  };
}

const USERNAME = "admin@isthmus.local";

export interface FirstRunOptions {
  readonly folder: string;
  readonly url: string;
  readonly mqttUrl: string | null;
  readonly mqttsUrl: string | null;
  readonly store: Accounts & Products & AppKeys;
  /** What the root app's secret shall be; `null`: one is made. */
  readonly rootSecret: string | null;
  readonly localHub: LocalHub | null;
}

/** `created` at the very first start on this data folder. */
export async function writeFirstRun(
  options: FirstRunOptions,
): Promise<{ readonly firstRun: FirstRun; readonly created: boolean }> {
  const file = join(options.folder, "first-run.json");
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as FirstRun) : null;
  const administrator = known ?? (await createAdministrator(options.store));
  const { mqttUrl: _, mqttsUrl: __, ...kept }: Administrator & Partial<FirstRun> = administrator;
  const firstRun: FirstRun = {
    ...kept,
    para: await rootAppKeys(options, known, administrator.username),
    url: options.url,
    ...(options.mqttUrl !== null && { mqttUrl: options.mqttUrl }),
    ...(options.mqttsUrl !== null && { mqttsUrl: options.mqttsUrl }),
    ...localHubAddresses(options.localHub),
  };
  const next = `${file}.next`;
  writeFileSync(next, `${JSON.stringify(firstRun, null, 2)}\n`, { mode: 0o600 });
  renameSync(next, file);
  return { firstRun, created: known === null };
}

/** Of a data folder from before there were apps too. */
async function rootAppKeys(
  { store, rootSecret }: FirstRunOptions,
  known: FirstRun | null,
  username: string,
): Promise<AppKeyPair> {
  const owner = (await store.accountByUsername(username))?.account ?? (await operator(store));
  return ensureRootApp({ store, ownerId: owner.id, known: known?.para ?? null, secret: rootSecret });
}

/** The administrator of the first run may be gone; somebody runs the server all the same. */
async function operator(accounts: Accounts): Promise<Account> {
  const found = (await accounts.accounts()).find((account) => account.operator);
  if (found === undefined) throw new Error("No account runs this server: there is no operator among its accounts.");
  return found;
}

async function createAdministrator(accounts: Accounts): Promise<Administrator> {
  const password = randomBytes(12).toString("base64url");
  const passwordHash = await hashPassword(password);
  // A start that was killed before the file was written left the account: its password was never seen, so it gets a new name.
  const other = `admin-${randomBytes(3).toString("hex")}@isthmus.local`;
  const account =
    (await accounts.createAccount({ username: USERNAME, passwordHash, operator: true })) ??
    (await accounts.createAccount({ username: other, passwordHash, operator: true }));
  if (account === null) throw new Error(`The accounts ${USERNAME} and ${other} are both there, and no first-run.json.`);
  const accessToken = await accounts.createToken({ accountId: account.id, client: "first-run", expiresAt: null });
  return { username: account.username, password, accessToken };
}

function localHubAddresses(localHub: LocalHub | null): Pick<FirstRun, "localHub"> {
  if (localHub === null) return {};
  const { hostName, httpsPort, amqpsPort, mqttsPort, connectionString, eventHubConnectionString, caFile } =
    localHub.addresses;
  return {
    localHub: { hostName, httpsPort, amqpsPort, mqttsPort, connectionString, eventHubConnectionString, caFile },
  };
}
