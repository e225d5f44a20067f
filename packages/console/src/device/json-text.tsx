import { CodeInput } from "../elements/code-input.tsx";
import type { Json } from "./json.ts";

type TypedJson = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly message: string };

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

/** Nothing typed is `null`. */
export function typedJson(text: string): TypedJson {
  if (text.trim() === "") return { ok: true, value: null };
  try {
    return { ok: true, value: JSON.parse(text) as Json };
  } catch (error) {
    return { ok: false, message: `This is no JSON yet: ${(error as Error).message}` };
  }
}
