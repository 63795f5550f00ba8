import type { Route } from '../http/route.ts';
import type { AnalysisRouteOptions } from './analysis-route-options.ts';
import { draftRoutes } from './draft-routes.ts';
import { powerRoute, previewRoute } from './planning-routes.ts';
import { queriesRoute, reportRoute, resultsRoute } from './results-routes.ts';

/** What is asked of the lake: results, their report, plans and previews. */
export function analysisRoutes(options: AnalysisRouteOptions): Route[] {
  return [
    resultsRoute(options),
    reportRoute(options),
    queriesRoute(options),
    powerRoute(options),
    previewRoute(options),
    ...draftRoutes(options),
  ];
}
