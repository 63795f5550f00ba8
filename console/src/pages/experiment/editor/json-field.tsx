import { JsonInput } from '@mantine/core';
import { useState } from 'react';

type JsonObject = { [key: string]: unknown };

interface JsonFieldProps {
  readonly label: string;
  readonly description?: string;
  readonly value: JsonObject | undefined;
  readonly error?: string | null;
  readonly disabled?: boolean;
  /** Undefined once the field is emptied; not called while what is typed is no JSON object. */
  readonly onChange: (value: JsonObject | undefined) => void;
}

/** A JSON object, typed as text. */
export function JsonField({
  label,
  description,
  value,
  error = null,
  disabled = false,
  onChange,
}: JsonFieldProps) {
  const [text, setText] = useState(value === undefined ? '' : JSON.stringify(value, null, 2));
  const broken = text.trim() !== '' && parseObject(text) === null;
  return (
    <JsonInput
      label={label}
      {...(description === undefined ? {} : { description })}
      autosize
      minRows={3}
      formatOnBlur
      value={text}
      disabled={disabled}
      error={broken ? 'This is not a JSON object yet' : error}
      onChange={(next) => {
        setText(next);
        if (next.trim() === '') return onChange(undefined);
        const parsed = parseObject(next);
        if (parsed !== null) onChange(parsed);
      }}
    />
  );
}

function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    // Half-typed: the field says so.
    return null;
  }
}
