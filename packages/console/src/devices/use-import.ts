import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { request, segment } from "../client/request.ts";
import type { ImportFile } from "./import-lines.ts";
import { runImport, type ImportAnswer, type LineResult } from "./import-run.ts";

export interface ImportState {
  readonly isRunning: boolean;
  readonly results: readonly LineResult[];
  /** Why it stopped before its end; `null`: it did not. */
  readonly failure: unknown;
  /** Begins, or goes on where it stopped. */
  readonly start: (product: string, file: ImportFile) => Promise<void>;
  readonly stop: () => void;
  readonly reset: () => void;
}

/** An import under way. It ends with the page. */
export function useImport(): ImportState {
  const queries = useQueryClient();
  const [isRunning, setIsRunning] = useState(false);
  const [results, setResults] = useState<readonly LineResult[]>([]);
  const [failure, setFailure] = useState<unknown>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  async function start(product: string, file: ImportFile): Promise<void> {
    const controller = new AbortController();
    running.current = controller;
    setIsRunning(true);
    setFailure(null);
    try {
      await runImport({
        file,
        done: new Set(results.map(({ line }) => line)),
        send: (text) => sendFile(product, text, controller.signal),
        onResults: (some) => setResults((before) => [...before, ...some]),
        signal: controller.signal,
      });
    } catch (error) {
      if (!controller.signal.aborted) setFailure(error);
    } finally {
      setIsRunning(false);
      await queries.invalidateQueries({ queryKey: ["devices"] });
    }
  }

  return {
    isRunning,
    results,
    failure,
    start,
    stop: () => running.current?.abort(),
    reset: () => {
      setResults([]);
      setFailure(null);
    },
  };
}

function sendFile(product: string, text: string, signal: AbortSignal): Promise<ImportAnswer> {
  const form = new FormData();
  form.append("file", new Blob([text], { type: "text/csv" }), "devices.csv");
  return request<ImportAnswer>(`/v1/products/${segment(product)}/devices`, { method: "POST", body: form, signal });
}
