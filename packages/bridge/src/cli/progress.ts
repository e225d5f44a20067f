/** How far a long command is: one line that is written over at a terminal, a line now and then in a log. */
import type { Terminal } from "./terminal.ts";

const AT_TERMINAL_MS = 200;
const IN_LOG_MS = 10_000;

interface Progress {
  /** Says it when it is time to. */
  show(): void;
  /** Leaves the line; with the last state where the command came to its end. */
  end(isDone: boolean): void;
}

/** `text` gives one line without its end, at most 79 characters of which are shown. */
function createProgress(
  { err, now }: Pick<Terminal, "err" | "now">,
  text: () => string,
  isTerminal: boolean = process.stderr.isTTY === true,
): Progress {
  const every = isTerminal ? AT_TERMINAL_MS : IN_LOG_MS;
  let shownAt = now();
  const say = (): void => err(isTerminal ? `\r${text().slice(0, 79).padEnd(79)}` : `${text()}\n`);
  return {
    show() {
      if (now() - shownAt < every) return;
      shownAt = now();
      say();
    },
    end(isDone) {
      if (isDone) say();
      if (isTerminal) err("\n");
    },
  };
}

/** Shows how far the work is for as long as it lasts. */
export async function withProgress(
  terminal: Pick<Terminal, "err" | "now">,
  text: () => string,
  work: () => Promise<void>,
): Promise<void> {
  const progress = createProgress(terminal, text);
  const ticks = setInterval(() => progress.show(), AT_TERMINAL_MS);
  let isDone = false;
  try {
    await work();
    isDone = true;
  } finally {
    clearInterval(ticks);
    progress.end(isDone);
  }
}
