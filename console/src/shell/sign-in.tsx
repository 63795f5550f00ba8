import {
  Alert,
  Button,
  Center,
  Divider,
  Group,
  Paper,
  PasswordInput,
  Stack,
  Text,
  Title,
} from '@mantine/core';
import { useEffect, useState } from 'react';
import { asProblem } from '../api/problem.ts';
import { hasIdentityProvider, signedInByProvider, signIn } from '../api/session.ts';
import logo from './logo.svg';

/** The door: a key is tried before it is kept. */
export function SignIn() {
  const [key, setKey] = useState('');
  const [refusal, setRefusal] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async () => {
    setBusy(true);
    setRefusal(await refusalOf(key.trim()));
    setBusy(false);
  };
  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder p="xl" w={400} maw="100%">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          <Stack>
            <Group gap="sm">
              <img src={logo} alt="" width={32} height={32} />
              <Title order={1}>Sign in to Switchyard</Title>
            </Group>
            {hasIdentityProvider() && <ByProvider />}
            <PasswordInput
              label="Key"
              description="The installation's admin key, printed once at its first start, or a key made for you"
              value={key}
              onChange={(event) => setKey(event.currentTarget.value)}
              autoComplete="current-password"
              required
              data-autofocus
            />
            {refusal !== null && (
              <Alert color="red" role="alert" title="That did not work">
                {refusal}
              </Alert>
            )}
            <Button type="submit" loading={busy} disabled={key.trim() === ''}>
              Sign in
            </Button>
            <Text size="sm" c="dimmed">
              The key stays in this tab and is forgotten when you close it.
            </Text>
          </Stack>
        </form>
      </Paper>
    </Center>
  );
}

/** The way through the identity provider. Whoever comes back from there has a session already. */
function ByProvider() {
  useEffect(() => {
    const leaving = new AbortController();
    void fetch('/admin/v1/session', { signal: leaving.signal }).then(
      ({ ok }) => ok && signedInByProvider(),
      // Not reached: the form is there all the same.
      () => undefined,
    );
    return () => leaving.abort();
  }, []);
  const back = encodeURIComponent(window.location.pathname);
  return (
    <>
      <Button component="a" href={`/auth/login?returnTo=${back}`}>
        Sign in with your organisation
      </Button>
      <Divider label="or with a key" />
    </>
  );
}

/** Null when the key opens; else why it does not. */
async function refusalOf(key: string): Promise<string | null> {
  try {
    const answer = await fetch('/admin/v1/session', {
      headers: { authorization: `Bearer ${key}` },
    });
    if (answer.ok) {
      signIn(key);
      return null;
    }
    const { detail } = (await answer.json()) as { detail?: string };
    return detail ?? `The gateway answered with status ${answer.status}`;
  } catch (error) {
    return asProblem(error).message;
  }
}
