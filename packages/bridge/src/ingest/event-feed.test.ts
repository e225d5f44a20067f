import { expect, test } from "vitest";
import type { FeedEvent, FeedFilter, FeedView } from "../core/event-feed.ts";
import { createEventFeed } from "./event-feed.ts";

const DEVICE = "0123456789abcdef01234567";
const ADA = { kind: "sandbox", accountId: "ada" } as const;
const FLEET = { kind: "product", productId: 7 } as const;

function spoken(overrides: Partial<FeedEvent> & { name?: string; deviceId?: string | null } = {}): FeedEvent {
  const { name = "temperature", deviceId = DEVICE, ...rest } = overrides;
  const times = { publishedAt: 1, receivedAt: 1 };
  const event = { id: "e", name, data: "1", contentType: "text/plain", deviceId, productId: 7, firmwareVersion: null };
  return { event: { ...event, ...times }, ownerId: "ada", productId: 7, coreid: DEVICE, ...rest };
}

const CASES: readonly (readonly [title: string, filter: Partial<FeedFilter>, event: FeedEvent, heard: boolean])[] = [
  ["an account hears its own", {}, spoken(), true],
  ["an account does not hear another's", {}, spoken({ ownerId: "eve" }), false],
  ["an account does not hear what is nobody's", {}, spoken({ ownerId: null }), false],
  ["a product hears its fleet", { scope: FLEET }, spoken({ ownerId: null }), true],
  ["a product does not hear another's fleet", { scope: FLEET }, spoken({ productId: 8 }), false],
  ["a prefix lets its names through", { prefix: "temp" }, spoken(), true],
  ["a prefix is case-sensitive", { prefix: "Temp" }, spoken(), false],
  ["a prefix longer than the name holds it back", { prefix: "temperature/a" }, spoken(), false],
  ["one device is heard", { deviceId: DEVICE }, spoken(), true],
  ["other devices are not", { deviceId: "f".repeat(24) }, spoken(), false],
  ["an event without a device is not a device's", { deviceId: DEVICE }, spoken({ deviceId: null }), false],
  ["a device that went to another account is not heard", { deviceId: DEVICE }, spoken({ ownerId: "eve" }), false],
  ["a product's device is heard", { scope: FLEET, deviceId: DEVICE }, spoken({ ownerId: null }), true],
  ["one that left the product is not", { scope: FLEET, deviceId: DEVICE }, spoken({ productId: null }), false],
];

test.each(CASES)("%s", (_title, filter, event, heard) => {
  const feed = createEventFeed();
  const got: FeedEvent[] = [];
  feed.subscribe({ scope: ADA, deviceId: null, prefix: "", ...filter }, (each) => got.push(each));
  feed.publish(event);
  expect(got).toEqual(heard ? [event] : []);
});

test("who stopped listening hears nothing more, and others still do", () => {
  const feed = createEventFeed();
  const heard: string[] = [];
  const filter = { scope: ADA, deviceId: null, prefix: "" };
  const stopFirst = feed.subscribe(filter, () => heard.push("first"));
  const stopSecond = feed.subscribe(filter, () => heard.push("second"));
  stopFirst();
  stopFirst();
  feed.publish(spoken());
  stopSecond();
  const stopThird = feed.subscribe(filter, () => heard.push("third"));
  stopSecond();
  feed.publish(spoken());
  stopThird();
  feed.publish(spoken());
  expect(heard).toEqual(["second", "third"]);
});

test("a listener may leave while it is told", () => {
  const feed = createEventFeed();
  const heard: number[] = [];
  for (const n of [1, 2, 3]) {
    const stop = feed.subscribe({ scope: ADA, deviceId: null, prefix: "" }, () => {
      heard.push(n);
      stop();
    });
  }
  feed.publish(spoken());
  feed.publish(spoken());
  expect(heard).toEqual([1, 2, 3]);
});

test("listeners are counted until they leave, once each", () => {
  const feed = createEventFeed();
  const filter = { scope: ADA, deviceId: null, prefix: "" };
  const leave = feed.subscribe(filter, () => undefined);
  feed.subscribe(filter, () => undefined);
  expect(feed.listeners).toBe(2);
  leave();
  leave();
  expect(feed.listeners).toBe(1);
});

const VIEW: FeedView = { accountId: "ada", productIds: [7, 9], deviceId: null, prefix: "" };
const SEEN: readonly (readonly [title: string, view: Partial<FeedView>, event: FeedEvent, times: number])[] = [
  ["what is the account's and in its product is seen once", {}, spoken(), 1],
  ["what is only in a product is seen", {}, spoken({ ownerId: null }), 1],
  ["what somebody claimed that is in the product is seen", {}, spoken({ ownerId: "eve" }), 1],
  ["what waits for approval in the product is seen", {}, spoken({ ownerId: null, productId: null }), 1],
  ["another's is not", { accountId: "bob", productIds: [8] }, spoken({ ownerId: "eve" }), 0],
  ["a view of one product shows nothing else", { accountId: null, productIds: [8] }, spoken(), 0],
  ["a view of a sandbox shows what is claimed", { productIds: [] }, spoken(), 1],
  ["a prefix holds others back", { prefix: "hum" }, spoken(), 0],
  ["a device holds others back", { deviceId: "f".repeat(24) }, spoken(), 0],
];

test.each(SEEN)("in a view of several scopes %s", (_title, view, event, times) => {
  const feed = createEventFeed();
  const got: FeedEvent[] = [];
  const leave = feed.watch({ ...VIEW, ...view }, (each) => got.push(each));
  expect(feed.listeners).toBe(1);
  feed.publish(event);
  expect(got).toHaveLength(times);
  leave();
  leave();
  feed.publish(event);
  expect(got).toHaveLength(times);
  expect(feed.listeners).toBe(0);
});
