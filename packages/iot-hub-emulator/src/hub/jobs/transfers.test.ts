import { expect, test } from "vitest";
import { encodeStoredMessage } from "../../amqp-codec/stored-message.ts";
import { HubError } from "../errors.ts";
import { Hub } from "../hub.ts";
import { createMemoryJournal } from "../journal/journal.ts";
import { Transfers } from "./transfers.ts";

const EXPORT = { type: "export", outputBlobContainerUri: "https://storage/c?sig=x" };

test("an import or export that could not be written down does not stand in the way of the next", async () => {
  const hub = await Hub.open({ encodeEvent: encodeStoredMessage });
  const full = new HubError("ServiceUnavailable", "The hub could not write to its folder.");
  let isFull = true;
  const journal = { ...createMemoryJournal(), commit: () => (isFull ? Promise.reject(full) : Promise.resolve()) };
  const write = (): Promise<void> => Promise.resolve();
  const openContainer = () => ({ read: () => nothing(), write });
  const { clock, query, registry, twins } = hub;
  const transfers = new Transfers({ journal, clock, query, registry, twins, openContainer });
  await expect(transfers.create(EXPORT)).rejects.toThrow(full);
  isFull = false;
  await expect(transfers.create(EXPORT)).resolves.toMatchObject({ type: "export", status: "running" });
  await transfers.close();
  await hub.close();
});

async function* nothing(): AsyncGenerator<Buffer> {}
