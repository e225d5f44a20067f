/** Waits until a condition holds; fails with what was waited for. `check` may throw to fail at once. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 60_000,
  check: () => void = () => undefined,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await condition())) {
    check();
    if (Date.now() > end) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
