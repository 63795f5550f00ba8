import {
  Button,
  Code,
  Group,
  NativeSelect,
  PasswordInput,
  Stack,
  Text,
  Textarea,
  TextInput,
  Title,
} from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useEndpoints } from '../../api/queries.ts';
import { FailureAlert } from '../../parts/failure-alert.tsx';
import { figure } from '../../parts/format.ts';

/** What of an answer says where it came from. */
const TOLD_BY = ['experiment', 'variant', 'target', 'model', 'fallback'] as const;

const EXAMPLE = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] }, null, 2);

/** Asks an endpoint as a tenant's backend would, with the tenant's own key; it counts like any other request. */
export function TryRequest() {
  const endpoints = useEndpoints().data ?? [];
  const [endpoint, setEndpoint] = useState('');
  const [key, setKey] = useState('');
  const [unit, setUnit] = useState('');
  const [body, setBody] = useState(EXAMPLE);
  const chosen = endpoint === '' ? (endpoints[0]?.key ?? '') : endpoint;
  const attempt = useMutation({ mutationFn: () => ask({ endpoint: chosen, key, unit, body }) });
  if (endpoints.length === 0) return null;
  return (
    <Stack gap="xs" component="section" aria-label="Try a request">
      <Title order={2}>Try a request</Title>
      <Text size="sm" c="dimmed">
        It is a request like any other: it needs a tenant’s key, and counts in its experiment.
      </Text>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          attempt.mutate();
        }}
      >
        <Stack gap="xs">
          <Group align="flex-end">
            <NativeSelect
              label="Endpoint"
              data={endpoints.map((each) => each.key)}
              value={chosen}
              onChange={(event) => setEndpoint(event.currentTarget.value)}
            />
            <PasswordInput
              label="Tenant’s API key"
              autoComplete="off"
              value={key}
              onChange={(event) => setKey(event.currentTarget.value)}
              miw={260}
            />
            <TextInput
              label="Unit id"
              value={unit}
              onChange={(event) => setUnit(event.currentTarget.value)}
            />
          </Group>
          <Textarea
            label="Body (Open Inference Protocol)"
            autosize
            minRows={4}
            maxRows={16}
            styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
            value={body}
            onChange={(event) => setBody(event.currentTarget.value)}
          />
          <Button type="submit" w="fit-content" loading={attempt.isPending} disabled={key === ''}>
            Send it
          </Button>
        </Stack>
      </form>
      <FailureAlert of={attempt} />
      {attempt.data !== undefined && <Answer {...attempt.data} />}
    </Stack>
  );
}

interface Answered {
  readonly status: number;
  readonly tookMs: number;
  readonly told: readonly string[];
  readonly text: string;
}

function Answer({ status, tookMs, told, text }: Answered) {
  return (
    <Stack gap={4} role="status">
      <Text size="sm">
        {status} in {figure(tookMs)} ms{told.length === 0 ? '' : `; ${told.join(', ')}`}
      </Text>
      <Code block tabIndex={0}>
        {text}
      </Code>
    </Stack>
  );
}

interface Attempt {
  readonly endpoint: string;
  readonly key: string;
  readonly unit: string;
  readonly body: string;
}

async function ask({ endpoint, key, unit, body }: Attempt): Promise<Answered> {
  const from = performance.now();
  const answer = await fetch(`/v2/models/${endpoint}/infer`, {
    method: 'POST',
    headers: {
      'x-api-key': key,
      'content-type': 'application/json',
      ...(unit === '' ? {} : { 'x-switchyard-unit': unit }),
    },
    body,
  });
  const text = await answer.text();
  return {
    status: answer.status,
    tookMs: performance.now() - from,
    told: TOLD_BY.flatMap((name) => {
      const value = answer.headers.get(`x-switchyard-${name}`);
      return value === null ? [] : [`${name} ${value}`];
    }),
    text,
  };
}
