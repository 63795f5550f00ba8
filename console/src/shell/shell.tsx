import { AppShell, Burger, Group, Kbd, NavLink, Stack, Text, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { useMay } from '../api/identity.ts';
import { useLiveUpdates } from '../api/use-live-updates.ts';
import { AccountMenu } from './account-menu.tsx';
import { LiveIndicator } from './live-indicator.tsx';
import logo from './logo.svg';
import { NAVIGATION } from './navigation.ts';
import { useGoShortcuts } from './use-go-shortcuts.ts';

/** The frame around every page: where one is, where one can go, and whether what one sees is live. */
export function Shell({ children }: { readonly children: ReactNode }) {
  const [opened, { toggle, close }] = useDisclosure();
  const may = useMay();
  const connection = useLiveUpdates({ enabled: may.read });
  useGoShortcuts();
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 264, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding="md"
    >
      <a className="skip-link" href="#main">
        Skip to the page
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={opened}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={opened ? 'Close the navigation' : 'Open the navigation'}
            />
            <UnstyledButton component={Link} href="/" onClick={close}>
              <Group gap="xs" wrap="nowrap">
                <img src={logo} alt="" width={26} height={26} />
                <Text fw={650}>Switchyard</Text>
              </Group>
            </UnstyledButton>
          </Group>
          <Group gap="sm" wrap="nowrap">
            {may.read && <LiveIndicator connection={connection} />}
            <AccountMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" aria-label="Pages">
        <Navigation onNavigate={close} />
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        {children}
      </AppShell.Main>
    </AppShell>
  );
}

function Navigation({ onNavigate }: { readonly onNavigate: () => void }) {
  const [location] = useLocation();
  const may = useMay();
  return (
    <Stack gap={2}>
      {NAVIGATION.filter(({ everybody }) => everybody || may.read).map(({ path, label, shortcut }) => {
        const active = path === '/' ? location === '/' : location.startsWith(path);
        return (
          <NavLink
            key={path}
            component={Link}
            href={path}
            label={label}
            active={active}
            aria-current={active ? 'page' : undefined}
            onClick={onNavigate}
            rightSection={
              <Text size="xs" visibleFrom="sm" aria-hidden>
                <Kbd size="xs">g</Kbd> <Kbd size="xs">{shortcut}</Kbd>
              </Text>
            }
          />
        );
      })}
    </Stack>
  );
}
