import { Autocomplete } from '@mantine/core';

interface SuggestFieldProps {
  readonly label: string;
  readonly description?: string;
  readonly values: readonly string[];
  readonly value: string;
  readonly error: string | null;
  readonly required?: boolean;
  readonly onChange: (value: string) => void;
}

/** A word that is one of those that are there, or will be: what is unknown is for the gateway to say. */
export function SuggestField({
  label,
  description,
  values,
  value,
  error,
  required = true,
  onChange,
}: SuggestFieldProps) {
  return (
    <Autocomplete
      label={label}
      {...(description === undefined ? {} : { description })}
      data={[...values]}
      value={value}
      error={error}
      onChange={onChange}
      required={required}
    />
  );
}
