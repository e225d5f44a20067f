import picocolors from "picocolors";

/** Colours for a person at a terminal; none in pipes, files and CI logs, whatever the environment claims. */
export const colors: ReturnType<typeof picocolors.createColors> = picocolors.createColors(
  process.stdout.isTTY === true && picocolors.isColorSupported,
);
