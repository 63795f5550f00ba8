/** The pages of the side bar, in order, each with the key that leads there after `g`. */
export const NAVIGATION = [
  { path: '/', label: 'Overview', shortcut: 'o' },
  { path: '/experiments', label: 'Experiments', shortcut: 'e' },
  { path: '/models', label: 'Models and targets', shortcut: 'm' },
  { path: '/tenants', label: 'Tenants and keys', shortcut: 't' },
  { path: '/audit', label: 'Audit', shortcut: 'a' },
  { path: '/settings', label: 'Settings', shortcut: 's' },
] as const;
