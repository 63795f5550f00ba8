import {
  ActionIcon,
  Alert,
  Button,
  Group,
  JsonInput,
  NativeSelect,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { useState } from 'react';
import { useRowIds } from '../../../parts/use-row-ids.ts';
import {
  type Clause,
  type Condition,
  clausesOf,
  conditionOf,
  OPERATORS,
  type Operator,
  readValue,
  showValue,
} from './clauses.ts';

interface AudienceBuilderProps {
  readonly condition: Condition;
  readonly onChange: (condition: Condition) => void;
  readonly disabled: boolean;
  /** What the gateway says of it. */
  readonly issues: readonly string[];
}

/** Who is eligible, line by line, or as text where the lines cannot say it; both are the same condition. */
export function AudienceBuilder({ condition, onChange, disabled, issues }: AudienceBuilderProps) {
  const clauses = clausesOf(condition);
  const [asText, setAsText] = useState(clauses === null);
  return (
    <Stack gap="xs">
      {asText || clauses === null ? (
        <ConditionText condition={condition} onChange={onChange} disabled={disabled} />
      ) : (
        <ClauseLines clauses={clauses} onChange={onChange} disabled={disabled} />
      )}
      {issues.map((issue) => (
        <Text key={issue} size="sm" className="bad" role="alert">
          {issue}
        </Text>
      ))}
      {clauses === null ? (
        <Text size="sm" c="dimmed">
          This condition has parts that only text can say.
        </Text>
      ) : (
        <Button variant="subtle" size="compact-sm" onClick={() => setAsText(!asText)} w="fit-content">
          {asText ? 'Edit line by line' : 'Edit as text'}
        </Button>
      )}
    </Stack>
  );
}

interface LinesProps {
  readonly clauses: readonly Clause[];
  readonly onChange: (condition: Condition) => void;
  readonly disabled: boolean;
}

function ClauseLines({ clauses, onChange, disabled }: LinesProps) {
  const [clash, setClash] = useState(false);
  const { ids, forget } = useRowIds(clauses.length);
  const write = (next: readonly Clause[]) => {
    const condition = conditionOf(next);
    setClash(condition === null);
    if (condition !== null) onChange(condition);
  };
  const replace = (index: number, clause: Clause) =>
    write(clauses.map((one, at) => (at === index ? clause : one)));
  return (
    <Stack gap="xs">
      {clauses.length === 0 && <Text c="dimmed">Everybody who comes with a unit id.</Text>}
      {clauses.map((clause, index) => (
        <ClauseLine
          key={ids[index]}
          clause={clause}
          disabled={disabled}
          onChange={(next) => replace(index, next)}
          onRemove={() => {
            forget(index);
            write(clauses.filter((_, at) => at !== index));
          }}
        />
      ))}
      {clash && (
        <Alert color="orange">
          One attribute can have each comparison once. Edit as text to combine more.
        </Alert>
      )}
      <Button
        variant="default"
        size="compact-sm"
        w="fit-content"
        disabled={disabled}
        onClick={() => write([...clauses, { attribute: freeName(clauses), operator: '$eq', value: '' }])}
      >
        Add a line
      </Button>
    </Stack>
  );
}

interface LineProps {
  readonly clause: Clause;
  readonly disabled: boolean;
  readonly onChange: (clause: Clause) => void;
  readonly onRemove: () => void;
}

function ClauseLine({ clause, disabled, onChange, onRemove }: LineProps) {
  const [text, setText] = useState(showValue(clause.operator, clause.value));
  return (
    <Group gap="xs" wrap="wrap">
      <TextInput
        aria-label="Attribute"
        value={clause.attribute}
        disabled={disabled}
        onChange={(event) => onChange({ ...clause, attribute: event.currentTarget.value })}
      />
      <NativeSelect
        aria-label="Comparison"
        data={OPERATORS.map(({ value, label }) => ({ value, label }))}
        value={clause.operator}
        disabled={disabled}
        onChange={(event) => {
          const operator = event.currentTarget.value as Operator;
          onChange({ ...clause, operator, value: readValue(operator, text) });
        }}
      />
      <TextInput
        aria-label="Value"
        value={text}
        disabled={disabled}
        onChange={(event) => {
          setText(event.currentTarget.value);
          onChange({ ...clause, value: readValue(clause.operator, event.currentTarget.value) });
        }}
      />
      <ActionIcon
        variant="default"
        aria-label={`Remove ${clause.attribute}`}
        disabled={disabled}
        onClick={onRemove}
      >
        ×
      </ActionIcon>
    </Group>
  );
}

function ConditionText({
  condition,
  onChange,
  disabled,
}: Pick<AudienceBuilderProps, 'condition' | 'onChange' | 'disabled'>) {
  const [text, setText] = useState(JSON.stringify(condition, null, 2));
  return (
    <JsonInput
      aria-label="Condition"
      autosize
      minRows={4}
      formatOnBlur
      validationError="This is not JSON yet"
      value={text}
      disabled={disabled}
      onChange={(next) => {
        setText(next);
        const parsed = parseObject(next);
        if (parsed !== null) onChange(parsed);
      }}
    />
  );
}

function parseObject(text: string): Condition | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Condition) : null;
  } catch {
    // Half-typed: the field says so.
    return null;
  }
}

function freeName(clauses: readonly Clause[]): string {
  const taken = new Set(clauses.map(({ attribute }) => attribute));
  return (
    ['tenant.plan', 'country', 'platform', 'version'].find((name) => !taken.has(name)) ??
    `attribute${taken.size}`
  );
}
