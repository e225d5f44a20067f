import { TextInput, type TextInputProps } from "@mantine/core";

/** A whole number; `""` while nothing, or no number, is written. */
export function NumberField({
  value,
  onChange,
  ...rest
}: { readonly value: number | string; readonly onChange: (value: number | "") => void } & Omit<
  TextInputProps,
  "value" | "onChange" | "type"
>) {
  return (
    <TextInput
      type="number"
      inputMode="numeric"
      step={1}
      {...rest}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value === "" ? "" : currentTarget.valueAsNumber)}
    />
  );
}
