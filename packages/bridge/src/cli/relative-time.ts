const UNITS = [
  ["day", 86_400],
  ["h", 3600],
  ["min", 60],
] as const;

/** An ISO time as people say it: `12 s ago`, `3 h ago`, `in 5 min`. */
export function relativeTime(iso: unknown, now: number): string {
  if (typeof iso !== "string") return "never";
  const seconds = Math.round((now - Date.parse(iso)) / 1000);
  if (Number.isNaN(seconds)) return "unknown";
  const distance = Math.abs(seconds);
  if (distance < 2) return "now";
  const [unit, size] = UNITS.find((candidate) => distance >= candidate[1]) ?? ["s", 1];
  const count = Math.floor(distance / size);
  const amount = `${count} ${unit === "day" && count > 1 ? "days" : unit}`;
  return seconds > 0 ? `${amount} ago` : `in ${amount}`;
}
