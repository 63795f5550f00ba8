import { type ComponentType, lazy, Suspense } from 'react';
import { Route, Switch } from 'wouter';
import { useSession } from './api/session.ts';
import { PageSkeleton } from './parts/page-skeleton.tsx';
import { Shell } from './shell/shell.tsx';
import { SignIn } from './shell/sign-in.tsx';

/** A page in a chunk of its own, so that the first load carries the first page only. */
function page<Name extends string>(load: () => Promise<Record<Name, ComponentType>>, name: Name) {
  return lazy(async () => ({ default: (await load())[name] }));
}

const Overview = page(() => import('./pages/overview/overview.tsx'), 'Overview');
const Experiments = page(() => import('./pages/experiments/experiments.tsx'), 'Experiments');
const NewExperiment = page(() => import('./pages/experiment/new-experiment.tsx'), 'NewExperiment');
const Experiment = page(() => import('./pages/experiment/experiment.tsx'), 'Experiment');
const Models = page(() => import('./pages/models/models.tsx'), 'Models');
const Metrics = page(() => import('./pages/metrics/metrics.tsx'), 'Metrics');
const Tenants = page(() => import('./pages/tenants/tenants.tsx'), 'Tenants');
const Audit = page(() => import('./pages/audit/audit.tsx'), 'Audit');
const Settings = page(() => import('./pages/settings/settings.tsx'), 'Settings');
const NotFound = page(() => import('./pages/not-found.tsx'), 'NotFound');

/** Every page by its path. */
export function App() {
  const { signedIn } = useSession();
  if (!signedIn) return <SignIn />;
  return (
    <Shell>
      <Suspense fallback={<PageSkeleton />}>
        <Switch>
          <Route path="/" component={Overview} />
          <Route path="/experiments" component={Experiments} />
          <Route path="/experiments/new" component={NewExperiment} />
          <Route path="/experiments/:key/:tab?" component={Experiment} />
          <Route path="/models" component={Models} />
          <Route path="/metrics" component={Metrics} />
          <Route path="/tenants" component={Tenants} />
          <Route path="/audit" component={Audit} />
          <Route path="/settings" component={Settings} />
          <Route component={NotFound} />
        </Switch>
      </Suspense>
    </Shell>
  );
}
