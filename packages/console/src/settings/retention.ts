/** Hours as people say them. */
export function hoursInWords(hours: number): string {
  if (!Number.isFinite(hours) || hours <= 0) return "";
  const days = Math.floor(hours / 24);
  const rest = hours - days * 24;
  const words = [
    ...(days > 0 ? [`${days} ${days === 1 ? "day" : "days"}`] : []),
    ...(rest > 0 ? [`${rest} ${rest === 1 ? "hour" : "hours"}`] : []),
  ];
  return words.join(" and ");
}
