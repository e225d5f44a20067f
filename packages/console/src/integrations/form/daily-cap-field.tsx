import { fieldFailure } from "../../client/field-failure.ts";
import { NumberField } from "../../elements/number-field.tsx";

/** Empty: none. */
export function DailyCapField({
  dailyCap,
  what,
  onChange,
  failure,
}: {
  readonly dailyCap: string;
  /** What is counted: "Messages". */
  readonly what: string;
  readonly onChange: (dailyCap: string) => void;
  readonly failure?: unknown;
}) {
  return (
    <NumberField
      label="Daily cap"
      description={`${what} in one day (UTC). What comes beyond waits for the next; nothing is lost. Empty: none.`}
      min={1}
      max={1_000_000_000}
      value={dailyCap === "" ? "" : Number(dailyCap)}
      error={fieldFailure(failure, "daily_cap")}
      onChange={(value) => onChange(String(value))}
    />
  );
}
