import { Button, Paper, Stack, Text, Textarea, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, unwrap } from '../../api/client.ts';
import { useMay } from '../../api/identity.ts';
import { FailureAlert } from '../../parts/failure-alert.tsx';
import { ago } from '../../parts/format.ts';
import { QueryView } from '../../parts/query-view.tsx';

interface Comment {
  readonly id: string;
  readonly at: string;
  readonly by: string;
  readonly text: string;
}

/** What was said of an experiment, oldest first. */
export function Comments({ experimentKey: key }: { readonly experimentKey: string }) {
  const may = useMay();
  const comments = useQuery({
    queryKey: ['comments', key],
    queryFn: async () =>
      (
        await (unwrap(
          api.GET('/admin/v1/experiments/{key}/comments', { params: { path: { key } } }),
        ) as unknown as Promise<{ items: readonly Comment[] }>)
      ).items,
  });
  return (
    <Stack gap="xs">
      <Title order={2}>Comments</Title>
      <QueryView query={comments} loading={<Text size="sm">Reading comments …</Text>}>
        {(all) =>
          all.length === 0 ? (
            <Text size="sm" c="dimmed">
              Nobody has said anything yet.
            </Text>
          ) : (
            all.map(({ id, at, by, text }) => (
              <Paper key={id} withBorder p="sm">
                <Text size="sm" c="dimmed">
                  {by}, <time dateTime={at}>{ago(at, Date.now())}</time>
                </Text>
                <Text className="wrap">{text}</Text>
              </Paper>
            ))
          )
        }
      </QueryView>
      {may.comment && <NewComment experimentKey={key} />}
    </Stack>
  );
}

function NewComment({ experimentKey: key }: { readonly experimentKey: string }) {
  const [text, setText] = useState('');
  const queries = useQueryClient();
  const add = useMutation({
    mutationFn: () =>
      unwrap(api.POST('/admin/v1/experiments/{key}/comments', { params: { path: { key } }, body: { text } })),
    onSuccess: async () => {
      setText('');
      await queries.invalidateQueries({ queryKey: ['comments', key] });
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate();
      }}
    >
      <Stack gap="xs" align="flex-start">
        <Textarea
          label="Say something about it"
          autosize
          minRows={2}
          w="100%"
          maw={640}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button
          type="submit"
          variant="default"
          size="compact-sm"
          loading={add.isPending}
          disabled={text.trim() === ''}
        >
          Comment
        </Button>
        <FailureAlert of={add} />
      </Stack>
    </form>
  );
}
