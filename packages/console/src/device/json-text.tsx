import { CodeInput } from "../elements/code-input.tsx";
import { typedJson } from "./json.ts";

/** Any JSON value, checked while it is typed. */
export function JsonText({
  label,
  description,
  text,
  onChange,
  error,
}: {
  readonly label: string;
  readonly description: string;
  readonly text: string;
  readonly onChange: (text: string) => void;
  readonly error?: string | undefined;
}) {
  const typed = typedJson(text);
  return (
    <CodeInput
      label={label}
      description={description}
      value={text}
      onChange={(event) => onChange(event.currentTarget.value)}
      error={typed.ok ? error : typed.message}
      minRows={3}
      maxRows={20}
    />
  );
}
