import { BlobSASPermissions, StorageSharedKeyCredential, generateBlobSASQueryParameters } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { createBlobStorage } from "./blob-storage.ts";
import { parseStorageConnectionString } from "./storage-account.ts";

const KEY = Buffer.from("a key of an account").toString("base64");

test.each([
  [
    `DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=${KEY};EndpointSuffix=core.windows.net`,
    "acc.blob.core.windows.net",
  ],
  [`AccountName=acc;AccountKey=${KEY}`, "acc.blob.core.windows.net"],
  [`accountname=acc; AccountKey=${KEY}; BlobEndpoint=http://127.0.0.1:10000/acc/;`, "127.0.0.1:10000/acc"],
  ["UseDevelopmentStorage=true", "127.0.0.1:10000/devstoreaccount1"],
])("%s puts %s before the container", (connectionString, hostName) => {
  const storage = createBlobStorage({ connectionString, container: "files" });
  expect(storage).toMatchObject({ hostName, containerName: "files" });
  expect(storage.uri("d/a b.txt")).toMatch(new RegExp(`^https?://${hostName}/files/d/a%20b\\.txt$`));
});

test.each([
  ["", /AccountName/],
  ["AccountName=a", /AccountKey/],
  ["AccountName=a;AccountKey=s3cret!", /base64/],
  [`AccountName=a;AccountKey=${KEY};BlobEndpoint=ftp://a`, /BlobEndpoint/],
])("%s is refused, and its key is not shown", (text, message) => {
  expect(() => parseStorageConnectionString(text)).toThrow(message);
  expect(() => parseStorageConnectionString(text)).not.toThrow(/s3cret/);
});

test.each(["AB", "a--b", "-ab", "ab", "a".repeat(64)])("%s is no name of a container", (container) => {
  expect(() => createBlobStorage({ connectionString: "UseDevelopmentStorage=true", container })).toThrow(/container/);
});

test("a blob's token is the one that the storage SDK makes", () => {
  const storage = createBlobStorage({ connectionString: `AccountName=acc;AccountKey=${KEY}`, container: "files" });
  const own = new URLSearchParams(storage.accessToken("d/ü 1+2.txt", 3_600_000));
  const expected = generateBlobSASQueryParameters(
    {
      containerName: "files",
      blobName: "d/ü 1+2.txt",
      permissions: BlobSASPermissions.parse("rw"),
      expiresOn: new Date(own.get("se") ?? ""),
      version: "2018-11-09",
    },
    new StorageSharedKeyCredential("acc", KEY),
  );
  expect(Object.fromEntries(own)).toEqual(Object.fromEntries(new URLSearchParams(expected.toString())));
});
