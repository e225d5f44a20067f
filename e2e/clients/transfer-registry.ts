/**
 * A service that exports the registry to a container of blobs and imports it again, changed, with Microsoft's SDKs.
 * A process of its own, because the storage client trusts a certificate authority only through NODE_EXTRA_CA_CERTS.
 * Arguments: the hub's connection string, its HTTPS port, the storage's connection string. Prints JSON.
 */
import { Agent } from "node:https";
import { createRequire } from "node:module";

interface Job {
  readonly jobId: string;
  readonly status: string;
  readonly failureReason: string | null;
}

interface Registry {
  exportDevicesToBlob(uri: string, excludeKeys: boolean): Promise<Job>;
  importDevicesFromBlob(input: string, output: string): Promise<Job>;
  getJob(jobId: string): Promise<Job>;
  readonly _restApiClient: { setOptions(options: object): void };
}

interface ContainerClient {
  readonly url: string;
  create(): Promise<unknown>;
  getBlockBlobClient(name: string): {
    upload(text: string, length: number): Promise<unknown>;
    downloadToBuffer(): Promise<Buffer>;
  };
}

const load = createRequire(import.meta.url);
const { Registry } = load("azure-iothub") as { Registry: { fromConnectionString(text: string): Registry } };
const storage = load("@azure/storage-blob") as {
  StorageSharedKeyCredential: new (account: string, key: string) => object;
  ContainerClient: new (url: string, credential: object) => ContainerClient;
  ContainerSASPermissions: { parse(text: string): object };
  generateBlobSASQueryParameters(values: object, credential: object): { toString(): string };
};

const [connectionString = "", port = "443", account = ""] = process.argv.slice(2);
const registry = Registry.fromConnectionString(connectionString);
registry._restApiClient.setOptions({ http: { agent: new Agent({ host: "localhost", port: Number(port) }) } });

const [name = "", key = "", endpoint = ""] = ["AccountName", "AccountKey", "BlobEndpoint"].map(
  (field) => new RegExp(`${field}=([^;]*)`).exec(account)?.[1],
);
const credential = new storage.StorageSharedKeyCredential(name, key);
const url = `${endpoint.replace("http:", "https:")}/registry`;
const container = new storage.ContainerClient(url, credential);
await container.create();
const access = storage.generateBlobSASQueryParameters(
  {
    containerName: "registry",
    permissions: storage.ContainerSASPermissions.parse("rwdl"),
    expiresOn: new Date(Date.now() + 3600_000),
  },
  credential,
);
const uri = `${url}?${access.toString()}`;

async function ended({ jobId }: Job): Promise<Job> {
  for (;;) {
    const job = await registry.getJob(jobId);
    if (job.status !== "running") return job;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const exported = await ended(await registry.exportDevicesToBlob(uri, false));
const devices = container.getBlockBlobClient("devices.txt");
const lines = String(await devices.downloadToBuffer())
  .trim()
  .split("\r\n");
const changed = lines.map((line) => {
  const entry = JSON.parse(line) as { readonly id: string };
  return JSON.stringify({ ...entry, importMode: entry.id === "gone" ? "delete" : "update", status: "disabled" });
});
const text = [...changed, '{"id":"not an id"}'].join("\n");
await devices.upload(text, Buffer.byteLength(text));
const imported = await ended(await registry.importDevicesFromBlob(uri, uri));
const errors = String(await container.getBlockBlobClient("importErrors.log").downloadToBuffer());
process.stdout.write(
  JSON.stringify({ exported: exported.status, lines: lines.length, imported: imported.status, errors: errors.trim() }),
);
