/**
 * Live views of a hub, one JSON object a line. Whether a message may be shown is asked per message, so messages pass through a
 * chain that keeps their order; a viewer that reads too slowly is let go instead of filling memory.
 */
import { PassThrough } from "node:stream";
import type { Readable } from "node:stream";
import { FAILURES } from "../../core/failure.ts";
import type { Failure } from "../../core/failure.ts";
import type { HubEvent } from "../../core/hub-client.ts";
import type { HubViews } from "../../core/hub-views.ts";
import { ApiError } from "../api-error.ts";
import { Places } from "../limits/places.ts";

const KEEP_ALIVE_MS = 10_000;
const VIEWERS = { total: 64, each: 16 };
const MAX_UNREAD_BYTES = 1024 * 1024;
const MAX_UNJUDGED = 10_000;

interface View {
  /** Who watches. */
  readonly tenant: string;
  /** Rejects with an `ApiError` when who watches may not any more. */
  readonly review: () => Promise<unknown>;
  /** An integration's id or `local`. */
  readonly hub: string;
  /** Unix milliseconds. */
  readonly since: number;
  /** Registers what to do when the viewer leaves. */
  readonly gone: (callback: () => void) => void;
  readonly wants: (deviceId: string) => Promise<boolean>;
}

type Started =
  | { readonly ok: true; readonly lines: Readable }
  | { readonly ok: false; readonly failure: Failure }
  | "full";

export class Monitors {
  readonly #hubViews: HubViews;
  readonly #open = new Set<AbortController>();
  readonly #places = new Places(VIEWERS);

  constructor(hubViews: HubViews) {
    this.#hubViews = hubViews;
  }

  /** Opens a view; the lines end when the viewer leaves or `stop` is called. */
  async start(view: View): Promise<Started> {
    const leave = this.#places.take(view.tenant);
    if (leave === null) return "full";
    const controller = new AbortController();
    const { signal } = controller;
    this.#open.add(controller);
    const lines = new PassThrough();
    const write = (line: string): void => {
      if (signal.aborted) return;
      lines.write(line);
      if (lines.writableLength + lines.readableLength > MAX_UNREAD_BYTES) controller.abort();
    };
    const keepAlive = setInterval(() => {
      write("\n");
      view.review().catch((error: unknown) => {
        // Trouble with finding out is no reason to end it: the question is asked again.
        if (error instanceof ApiError) controller.abort();
      });
    }, KEEP_ALIVE_MS);
    signal.addEventListener("abort", () => {
      clearInterval(keepAlive);
      this.#open.delete(controller);
      leave();
      lines.end();
    });
    view.gone(() => controller.abort());
    try {
      const opened = await this.#hubViews.monitor(view.hub, {
        since: view.since,
        onEvent: inOrder(view.wants, write, () => controller.abort()),
        onFailure: (failure) => write(`${JSON.stringify({ failure: failureLine(failure) })}\n`),
        signal,
      });
      if (!opened.ok) {
        controller.abort();
        return opened;
      }
      // The head of the answer leaves with the first byte: the viewer knows at once that the view is open.
      write("\n");
      return { ok: true, lines };
    } catch (error) {
      controller.abort();
      throw error;
    }
  }

  stop(): void {
    for (const controller of this.#open) controller.abort();
  }
}

function inOrder(
  wants: (deviceId: string) => Promise<boolean>,
  write: (line: string) => void,
  giveUp: () => void,
): (event: HubEvent) => void {
  let chain = Promise.resolve();
  let unjudged = 0;
  return (event) => {
    if (++unjudged > MAX_UNJUDGED) giveUp();
    chain = chain.then(async () => {
      if (await wants(event.deviceId)) write(`${JSON.stringify(event)}\n`);
      unjudged--;
    });
    chain.catch(giveUp);
  };
}

function failureLine({ code, message }: Failure): Record<string, string> {
  return { code, message, next_step: FAILURES[code].nextStep };
}
