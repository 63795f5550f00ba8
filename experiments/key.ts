import { z } from 'zod';

/**
 * The name of a tenant, endpoint, experiment, … : it stands in URLs, object names and log lines, so it keeps
 * to the letters that need no escaping in any of them.
 */
export const keySchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{0,62}$/,
    'must be 1–63 of a–z, 0–9, dot, dash and underscore, and begin with a letter or digit',
  )
  .meta({ description: 'Name, 1–63 of a–z 0–9 . _ -', examples: ['movie-ranking'] });

/** The whole of a share, in basis points: weights sum to it and allocation is measured against it. */
export const FULL_SHARE_BP = 10_000;

/** A share in basis points: 10,000 is all, 1 is a hundredth of a percent. */
export const basisPointsSchema = z
  .int('must be a whole number of basis points')
  .min(0, 'must be at least 0')
  .max(FULL_SHARE_BP, 'must be at most 10000 basis points (all)')
  .meta({ description: 'Share in basis points, 0–10,000' });
