/** The pages of the side bar, in order, each with the key that leads there after `g`, and whether tenants see it too. */
export const NAVIGATION = [
  { path: '/', label: 'Overview', shortcut: 'o', everybody: false },
  { path: '/experiments', label: 'Experiments', shortcut: 'e', everybody: false },
  { path: '/models', label: 'Models and targets', shortcut: 'm', everybody: false },
  { path: '/metrics', label: 'Metrics', shortcut: 'k', everybody: false },
  { path: '/tenants', label: 'Tenants and keys', shortcut: 't', everybody: true },
  { path: '/audit', label: 'Audit', shortcut: 'a', everybody: false },
  { path: '/settings', label: 'Settings', shortcut: 's', everybody: true },
] as const;
