import { TextInput, type TextInputProps } from "@mantine/core";
import { useId } from "react";

export interface Suggestion {
  readonly value: string;
  /** Shown beside the value. */
  readonly label?: string;
}

/** A field with values to choose from, which takes others too. */
export function SuggestedInput({
  suggestions,
  onChange,
  ...rest
}: { readonly suggestions: readonly Suggestion[]; readonly onChange: (value: string) => void } & Omit<
  TextInputProps,
  "onChange"
>) {
  const id = useId();
  return (
    <>
      <TextInput
        autoComplete="off"
        {...rest}
        list={id}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      />
      <datalist id={id}>
        {suggestions.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </datalist>
    </>
  );
}
