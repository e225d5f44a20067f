/** An Azure Storage account, as its connection string names it. */

export interface StorageAccount {
  readonly name: string;
  /** Base64. */
  readonly key: string;
  /** Of the blob service, without a slash at its end. */
  readonly blobEndpoint: URL;
}

/** The account that every storage emulator has, with the key that Microsoft publishes for it. */
const DEVELOPMENT_ACCOUNT =
  "AccountName=devstoreaccount1;" +
  "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;" +
  "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1";

/** Throws an `Error` that says what is wrong, and no key. */
export function parseStorageConnectionString(text: string): StorageAccount {
  const fields = fieldsOf(text);
  if (fields.get("usedevelopmentstorage")?.toLowerCase() === "true") {
    return parseStorageConnectionString(DEVELOPMENT_ACCOUNT);
  }
  const [name, key] = ["accountname", "accountkey"].map((field) => fields.get(field) ?? "");
  if (!name || !key) {
    throw new Error("The storage connection string needs AccountName and AccountKey, or UseDevelopmentStorage=true.");
  }
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(key))
    throw new Error("AccountKey of the storage connection string is not base64.");
  const protocol = fields.get("defaultendpointsprotocol") ?? "https";
  const suffix = fields.get("endpointsuffix") ?? "core.windows.net";
  return { name, key, blobEndpoint: urlOf(fields.get("blobendpoint") ?? `${protocol}://${name}.blob.${suffix}`) };
}

// Values hold equals signs of their own.
function fieldsOf(text: string): ReadonlyMap<string, string> {
  const pairs = text.split(";").map((part): [string, string] => {
    const mark = part.indexOf("=");
    return [part.slice(0, Math.max(mark, 0)).trim().toLowerCase(), part.slice(mark + 1).trim()];
  });
  return new Map(pairs);
}

function urlOf(text: string): URL {
  const isUrl = /^https?:\/\//i.test(text) && URL.canParse(text);
  if (!isUrl) throw new Error("BlobEndpoint of the storage connection string is no http or https URL.");
  return new URL(text);
}
