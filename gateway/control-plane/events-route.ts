import type { ConfigurationEvents } from '../data-plane/configuration-events.ts';
import { READERS, type Route } from '../http/route.ts';

/** `GET /admin/v1/events`: a bell for pages that show the configuration; what has changed is read by other routes. */
export function eventsRoute(events: ConfigurationEvents): Route {
  return {
    method: 'get',
    path: '/admin/v1/events',
    access: READERS,
    id: 'configurationEvents',
    tag: 'audit',
    summary: 'Hear of changes of the configuration as they come into force (server-sent events)',
    answers: {
      200: {
        description: 'Events, as long as both sides like',
        content: {
          'text/event-stream': {
            schema: { type: 'string' },
            example: 'data: {"type":"refetchEvaluation","etag":"18"}\nid: 18\n\n',
          },
        },
      },
    },
    handle: (_request, response) => events.add(response),
  };
}
