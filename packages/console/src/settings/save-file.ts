/** Saving an answer of any length as a file, with its progress. */
import { saveBlob } from "../elements/save-text.ts";

export interface Progress {
  readonly received: number;
  /** `null` where the server does not say. */
  readonly total: number | null;
}

interface Sink {
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  close(): Promise<void>;
}

type Picker = (options: { suggestedName: string }) => Promise<{ createWritable(): Promise<Sink> }>;

/** Where the file goes, asked while the click still counts. `null`: the person thought better of it. */
export async function chooseFile(name: string): Promise<Sink | null> {
  const pick = (globalThis as { showSaveFilePicker?: Picker }).showSaveFilePicker;
  if (pick === undefined) return collected(name);
  try {
    return await (await pick({ suggestedName: name })).createWritable();
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return null;
    return collected(name);
  }
}

export async function saveAnswer(
  answer: Response,
  sink: Sink,
  onProgress: (progress: Progress) => void,
): Promise<void> {
  const length = answer.headers.get("content-length");
  const total = length === null ? null : Number(length);
  let received = 0;
  const reader = answer.body?.getReader();
  for (;;) {
    const part = await reader?.read();
    if (part === undefined || part.done) break;
    await sink.write(part.value);
    received += part.value.length;
    onProgress({ received, total });
  }
  if (total !== null && received < total) throw new Error("The answer ended before it was whole. Try again.");
  await sink.close();
}

/** Browsers that cannot write to a file gather it first. */
function collected(name: string): Sink {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  return {
    async write(bytes) {
      parts.push(bytes);
    },
    async close() {
      saveBlob(name, new Blob(parts));
    },
  };
}
