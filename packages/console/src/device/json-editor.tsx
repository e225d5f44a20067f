import { CodeInput } from "../elements/code-input.tsx";
import { typedObject } from "./json.ts";

/** A JSON object as text that can be edited; says while one types what is wrong with it. */
export function JsonEditor({
  label,
  description,
  text,
  onChange,
  rows = 8,
  error,
}: {
  readonly label: string;
  readonly description?: string;
  readonly text: string;
  readonly onChange: (text: string) => void;
  readonly rows?: number;
  /** Of the server. */
  readonly error?: string | undefined;
}) {
  const typed = typedObject(text);
  return (
    <CodeInput
      label={label}
      {...(description !== undefined && { description })}
      value={text}
      onChange={(event) => onChange(event.currentTarget.value)}
      error={typed.ok ? error : typed.message}
      minRows={rows}
      maxRows={28}
      autoCapitalize="off"
      autoComplete="off"
    />
  );
}
