import { NumberInput } from '@mantine/core';

interface ShareFieldProps {
  readonly label: string;
  readonly description?: string;
  readonly basisPoints: number;
  readonly error: string | null;
  readonly onChange: (basisPoints: number) => void;
}

/** A share in percent, kept in whole basis points. */
export function ShareField({ label, description, basisPoints, error, onChange }: ShareFieldProps) {
  return (
    <NumberInput
      label={label}
      {...(description === undefined ? {} : { description })}
      suffix=" %"
      min={0}
      max={100}
      decimalScale={2}
      value={basisPoints / 100}
      error={error}
      onChange={(percent) => onChange(Math.round(Number(percent) * 100))}
      maw={220}
    />
  );
}
