import { Alert, Badge, type CSSVariablesResolver, createTheme } from '@mantine/core';

/** Calm: one accent, system fonts (nothing is fetched), soft corners. */
export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: { light: 7, dark: 8 },
  autoContrast: true,
  cursorType: 'pointer',
  defaultRadius: 'md',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
  headings: {
    fontWeight: '600',
    sizes: { h1: { fontSize: '1.5rem' }, h2: { fontSize: '1.15rem' }, h3: { fontSize: '1rem' } },
  },
  respectReducedMotion: true,
  components: {
    // A title in the colour of its alert has too little contrast with it.
    Alert: Alert.extend({ styles: { title: { color: 'var(--mantine-color-text)' } } }),
    // A word cut off after its first letter says nothing: a table scrolls instead.
    Badge: Badge.extend({
      styles: { root: { flexShrink: 0, maxWidth: 'none' }, label: { overflow: 'visible' } },
    }),
  },
});

/** The library's dimmed text has less contrast than WCAG 2.2 asks for (4.5 : 1). */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: { '--mantine-color-dimmed': 'var(--mantine-color-gray-7)' },
  dark: { '--mantine-color-dimmed': 'var(--mantine-color-dark-1)' },
});
