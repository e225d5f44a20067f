/** Works through a list, so many at a time, for as long as `goesOn`. */
export async function eachAtOnce<T>(
  all: readonly T[],
  { atOnce, goesOn }: { readonly atOnce: number; readonly goesOn: () => boolean },
  work: (one: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < all.length && goesOn()) await work(all[next++]!);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
