import { wrongUsage } from "./command-failure.ts";
import { textOption } from "./command-runner.ts";
import type { Options } from "./command-runner.ts";

/** A whole number from 1. */
export function countOption(options: Options, name: string): number | undefined {
  const text = textOption(options, name);
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw wrongUsage(`--${name} must be a number from 1.`);
  return Number(text);
}
