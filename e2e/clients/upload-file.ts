/**
 * A device that uploads files with Microsoft's SDKs, once by the one call and once step by step, and reads back what it wrote.
 * A process of its own, because the storage client trusts a certificate authority only through NODE_EXTRA_CA_CERTS.
 * Arguments: the device's connection string, the hub's HTTPS port. Prints JSON, the texts by blob name.
 */
import { Agent } from "node:https";
import { createRequire } from "node:module";
import { Readable } from "node:stream";

interface UploadPlace {
  readonly correlationId: string;
  readonly hostName: string;
  readonly containerName: string;
  readonly blobName: string;
  readonly sasToken: string;
}

interface DeviceClient {
  uploadToBlob(blobName: string, stream: Readable, length: number): Promise<void>;
  getBlobSharedAccessSignature(blobName: string): Promise<UploadPlace>;
  notifyBlobUploadStatus(correlationId: string, isSuccess: boolean, status: number, description: string): Promise<void>;
  readonly _blobUploadClient: { setOptions(options: object): void };
  readonly _fileUploadApi: { setOptions(options: object): void };
}

interface BlobClient {
  uploadData(data: Buffer): Promise<unknown>;
  downloadToBuffer(): Promise<Buffer>;
}

const load = createRequire(import.meta.url);
const { Client } = load("azure-iot-device") as {
  Client: { fromConnectionString(text: string, transport: unknown): DeviceClient };
};
const { Http } = load("azure-iot-device-http") as { Http: unknown };
const { BlockBlobClient } = load("@azure/storage-blob") as { BlockBlobClient: new (url: string) => BlobClient };

const [connectionString = "", port = "443"] = process.argv.slice(2);
const client = Client.fromConnectionString(connectionString, Http);
// The SDK knows no port but 443; an agent can send it elsewhere.
const options = { http: { agent: new Agent({ host: "localhost", port: Number(port) }) } };
client._blobUploadClient.setOptions(options);
client._fileUploadApi.setOptions(options);

const succeeded = ({ correlationId }: UploadPlace): Promise<void> =>
  client.notifyBlobUploadStatus(correlationId, true, 201, "Created");
const urlOf = ({ hostName, containerName, blobName, sasToken }: UploadPlace): string =>
  `https://${hostName}/${containerName}/${blobName}${sasToken}`;

const whole = Buffer.from("written by one call");
await client.uploadToBlob("whole.txt", Readable.from([whole]), whole.length);

const place = await client.getBlobSharedAccessSignature("logs/a day.txt");
const blob = new BlockBlobClient(urlOf(place));
await blob.uploadData(Buffer.from("written step by step"));
await succeeded(place);

const again = await client.getBlobSharedAccessSignature("whole.txt");
const texts = {
  [again.blobName]: String(await new BlockBlobClient(urlOf(again)).downloadToBuffer()),
  [place.blobName]: String(await blob.downloadToBuffer()),
};
// Nothing was uploaded under this name, so the hub believes no success.
const never = await client.getBlobSharedAccessSignature("never.txt");
const refusal = await succeeded(never).then(
  () => "believed",
  () => "refused",
);
process.stdout.write(JSON.stringify({ texts, refusal }));
process.exit(0);
