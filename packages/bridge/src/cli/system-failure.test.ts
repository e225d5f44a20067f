import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { systemFailure } from "./system-failure.ts";

test("a port that is taken names the settings that choose another", async () => {
  const first = createServer();
  await new Promise<void>((resolve) => first.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void first.close());
  const { port } = first.address() as AddressInfo;
  const error = await new Promise<unknown>((resolve) =>
    createServer().once("error", resolve).listen(port, "127.0.0.1"),
  );
  expect(systemFailure(error)).toMatchObject({
    code: "EADDRINUSE",
    nextStep: expect.stringContaining("ISTHMUS_PORT") as string,
  });
});

test("a program's own error keeps its words, and what has no code is internal", () => {
  const own = Object.assign(new Error("ISTHMUS_PORT takes a number."), { code: "config_invalid" });
  expect(systemFailure(own)).toMatchObject({ code: "config_invalid", message: own.message, nextStep: null });
  expect(systemFailure(new Error("oh"))).toMatchObject({ code: "internal", message: "Error: oh" });
});
