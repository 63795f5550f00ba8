import { ActionIcon, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { ProblemIssue } from '../../../api/problem.ts';
import type { StoredTarget } from '../../../api/types.ts';
import { percentOfBp } from '../../../parts/format.ts';
import { useRowIds } from '../../../parts/use-row-ids.ts';
import { withField } from '../../../parts/with-field.ts';
import { ALL_BP, type DraftVariant, equalWeights } from './draft.ts';
import { JsonField } from './json-field.tsx';
import { ShareField } from './share-field.tsx';
import { SuggestField } from './suggest-field.tsx';
import { messagesAt } from './use-validation.ts';

interface VariantFieldsProps {
  readonly variants: readonly DraftVariant[];
  readonly targets: readonly StoredTarget[];
  readonly issues: readonly ProblemIssue[];
  readonly onChange: (variants: DraftVariant[]) => void;
}

/** The variants, the control first, each with its weight and what answers for it. */
export function VariantFields({ variants, targets, issues, onChange }: VariantFieldsProps) {
  const { ids, forget } = useRowIds(variants.length);
  const sum = variants.reduce((total, { weight }) => total + weight, 0);
  const replace = (index: number, fields: Partial<DraftVariant>) =>
    onChange(variants.map((one, at) => (at === index ? { ...one, ...fields } : one)));
  return (
    <Stack gap="sm">
      {variants.map((variant, index) => {
        const at = `/variants/${index}`;
        return (
          <Stack key={ids[index]} gap={4}>
            <Group align="flex-end" gap="xs">
              <TextInput
                label={index === 0 ? 'Control' : `Variant ${index + 1}`}
                value={variant.key}
                error={messagesAt(issues, `${at}/key`)[0] ?? null}
                onChange={(event) => replace(index, { key: event.currentTarget.value })}
              />
              <ShareField
                label="Weight"
                basisPoints={variant.weight}
                error={messagesAt(issues, `${at}/weight`)[0] ?? null}
                onChange={(weight) => replace(index, { weight })}
              />
              <SuggestField
                label="Target"
                values={targets.map(({ key }) => key)}
                required={false}
                value={variant.target ?? ''}
                error={messagesAt(issues, `${at}/target`)[0] ?? null}
                onChange={(target) => replace(index, { target })}
              />
              <ActionIcon
                variant="default"
                size="input-sm"
                aria-label={`Remove ${variant.key}`}
                disabled={variants.length <= 2}
                onClick={() => {
                  forget(index);
                  onChange(variants.filter((_, place) => place !== index));
                }}
              >
                ×
              </ActionIcon>
            </Group>
            <Parameters
              variant={variant}
              error={messagesAt(issues, `${at}/parameters`)[0] ?? null}
              onChange={(next) => onChange(variants.map((one, place) => (place === index ? next : one)))}
            />
          </Stack>
        );
      })}
      {sum !== ALL_BP && (
        <Text size="sm" className="bad" role="alert">
          The weights sum to {percentOfBp(sum)}; they must sum to 100%.
        </Text>
      )}
      <Group>
        <Button
          variant="default"
          size="compact-sm"
          disabled={variants.length >= 20}
          onClick={() =>
            onChange(
              equalWeights([...variants, { key: `variant-${variants.length + 1}`, weight: 0, target: '' }]),
            )
          }
        >
          Add a variant
        </Button>
        <Button variant="subtle" size="compact-sm" onClick={() => onChange(equalWeights(variants))}>
          Equal weights
        </Button>
      </Group>
    </Stack>
  );
}

interface ParametersProps {
  readonly variant: DraftVariant;
  readonly error: string | null;
  readonly onChange: (variant: DraftVariant) => void;
}

/** What the variant hands to whoever asks; out of the way until somebody wants some. */
function Parameters({ variant, error, onChange }: ParametersProps) {
  const [wanted, setWanted] = useState(variant.parameters !== undefined);
  if (!wanted && variant.parameters === undefined) {
    return (
      <Button variant="subtle" size="compact-xs" w="fit-content" onClick={() => setWanted(true)}>
        Give {variant.key === '' ? 'it' : variant.key} parameters
      </Button>
    );
  }
  return (
    <JsonField
      label={`Parameters of ${variant.key}`}
      value={variant.parameters}
      error={error}
      onChange={(parameters) => onChange(withField(variant, 'parameters', parameters))}
    />
  );
}
