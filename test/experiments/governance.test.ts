import { describe, expect, it } from 'vitest';
import { type Acted, acted, approved } from '../../experiments/act.ts';
import { decided } from '../../experiments/decide.ts';
import { dueStep } from '../../experiments/due-step.ts';
import { durationWarnings } from '../../experiments/duration-warnings.ts';
import { edited } from '../../experiments/edit.ts';
import { NO_REVIEW, strictest } from '../../experiments/environment.ts';
import type { Experiment } from '../../experiments/experiment.ts';
import { type KeptExperiment, newStatus } from '../../experiments/experiment-status.ts';
import { carriedOut, changeApproved, dueChange, planned } from '../../experiments/planned-change.ts';
import { warningsOf } from '../../experiments/warnings.ts';
import { experimentWith, variantsOf } from '../support/experiments.ts';

const NOON = '2026-11-24T12:00:00.000Z';
const minutesAfterNoon = (minutes: number) => new Date(Date.parse(NOON) + minutes * 60_000).toISOString();
const TWO_EYES = { approvals: 1 };
const deed = (by: string, policy = NO_REVIEW, at = NOON) => ({
  by,
  at,
  policy,
  everywhere: policy,
});

function kept(fields: Partial<Experiment> = {}, state: KeptExperiment['state'] = 'draft'): KeptExperiment {
  return { experiment: experimentWith(fields), state, status: newStatus('ada') };
}

function done(result: Acted): KeptExperiment {
  if (!result.ok) throw new Error(result.issue.message);
  return result.kept;
}

describe('review', () => {
  it('lets an experiment start only when others have approved it', () => {
    const submitted = done(acted(kept(), 'submit', deed('ada', TWO_EYES)));
    expect(acted(submitted, 'start', deed('ada', TWO_EYES))).toMatchObject({
      issue: { code: 'approvals-missing' },
    });
    expect(approved(submitted, deed('ada', TWO_EYES))).toMatchObject({ issue: { code: 'own-work' } });
    const agreed = done(approved(submitted, deed('bob', TWO_EYES)));
    expect(approved(agreed, deed('bob', TWO_EYES))).toMatchObject({ issue: { code: 'approved-already' } });
    expect(done(acted(agreed, 'start', deed('ada', TWO_EYES))).state).toBe('running');
  });

  it('counts the approval of reviewers only, where they are named', () => {
    const submitted = done(acted(kept(), 'submit', deed('ada')));
    const policy = { approvals: 1, reviewers: ['cleo'] };
    expect(approved(submitted, deed('bob', policy))).toMatchObject({ issue: { code: 'not-a-reviewer' } });
    expect(approved(submitted, deed('cleo', policy)).ok).toBe(true);
  });

  it('is void once what was approved has changed or was withdrawn', () => {
    const agreed = done(approved(done(acted(kept(), 'submit', deed('ada'))), deed('bob')));
    expect(edited(agreed, experimentWith({ name: 'Other' }), 'ada').status.approvals).toEqual([]);
    expect(done(acted(agreed, 'withdraw', deed('ada'))).status.approvals).toEqual([]);
  });

  it('is not for drafts', () => {
    expect(approved(kept(), deed('bob'))).toMatchObject({ issue: { code: 'invalid-transition' } });
  });
});

describe('an edit in flight', () => {
  it('deals slots anew only as far as weights demand, and remembers what moved', () => {
    const running = kept({}, 'running');
    const after = edited(running, experimentWith({ variants: variantsOf([2_000, 8_000]) }), 'ada');
    expect(after.experiment.variants.map(({ slots }) => slots)).toEqual([
      [{ from: 0, to: 2_000 }],
      [{ from: 2_000, to: 10_000 }],
    ]);
    expect(after.status.moved).toEqual([{ from: 2_000, to: 5_000 }]);
    const back = edited(after, experimentWith({ variants: variantsOf([3_000, 7_000]) }), 'ada');
    expect(back.experiment.variants[0]?.slots).toEqual([
      { from: 0, to: 2_000 },
      { from: 9_000, to: 10_000 },
    ]);
  });

  it('keeps dealt slots when something else is edited', () => {
    const dealt = edited(
      kept({}, 'running'),
      experimentWith({ variants: variantsOf([2_000, 8_000]) }),
      'ada',
    );
    const renamed = edited(
      dealt,
      experimentWith({ name: 'New', variants: variantsOf([2_000, 8_000]) }),
      'ada',
    );
    expect(renamed.experiment.variants).toEqual(dealt.experiment.variants);
  });

  it('forgets what moved when the bucket version is raised', () => {
    const dealt = edited(
      kept({}, 'running'),
      experimentWith({ variants: variantsOf([2_000, 8_000]) }),
      'ada',
    );
    const anew = edited(dealt, { ...dealt.experiment, bucketVersion: 2 }, 'ada');
    expect(anew.status.moved).toEqual([]);
    expect(anew.experiment.variants.every(({ slots }) => slots === undefined)).toBe(true);
  });
});

describe('a decision', () => {
  it('stops the experiment and says what was decided, by whom and why', () => {
    const request = { decision: 'ship', variant: 'v1', reason: 'better' } as const;
    const after = done(decided(kept({}, 'running'), request, deed('ada')));
    expect(after).toMatchObject({
      state: 'stopped',
      status: { decision: { kind: 'ship', variant: 'v1', reason: 'better', by: 'ada', at: NOON } },
    });
    expect(decided(after, { decision: 'inconclusive' }, deed('ada'))).toMatchObject({
      issue: { code: 'decided-already' },
    });
  });

  it('ships no variant that there is not, and ends nothing that has not begun', () => {
    expect(decided(kept({}, 'running'), { decision: 'ship', variant: 'v9' }, deed('ada'))).toMatchObject({
      issue: { code: 'unknown-variant', path: '/variant' },
    });
    expect(decided(kept(), { decision: 'inconclusive' }, deed('ada')).ok).toBe(false);
  });

  it('to ship takes the approvals of the strictest environment, whatever its own asks for', () => {
    const running = kept({}, 'running');
    const everywhere = strictest([
      { approvals: 1 },
      { approvals: 2, reviewers: ['cleo', 'dora'] },
      NO_REVIEW,
    ]);
    const by = (who: string) => ({ ...deed(who), everywhere });
    const ship = { decision: 'ship', variant: 'v1' } as const;
    expect(decided(running, ship, by('ada'))).toMatchObject({ issue: { code: 'approvals-missing' } });
    expect(decided(running, { decision: 'roll-back' }, by('ada')).ok).toBe(true);
    const asked = planned(running, { id: 'd1', at: null, decision: ship }, deed('ada'));
    if (!asked.ok) throw new Error('refused');
    expect(changeApproved(asked.kept, 'd1', by('bob'))).toMatchObject({ issue: { code: 'not-a-reviewer' } });
    const once = done(changeApproved(asked.kept, 'd1', by('cleo')));
    const now = { now: NOON, policy: NO_REVIEW, everywhere, breached: null };
    expect(dueStep(once, now)).toBeNull();
    const twice = done(changeApproved(once, 'd1', by('dora')));
    expect(dueStep(twice, now)).toMatchObject({
      action: 'planned-change',
      kept: {
        state: 'stopped',
        status: { decision: { kind: 'ship', variant: 'v1', by: 'ada' }, plannedChanges: [] },
      },
    });
  });

  it('cannot be planned where it could not be made', () => {
    const ship = { decision: 'ship', variant: 'v9' } as const;
    const asked = planned(kept({}, 'running'), { id: 'd1', at: null, decision: ship }, deed('ada'));
    expect(asked).toMatchObject({ ok: false, issues: [{ code: 'unknown-variant' }] });
  });
});

describe('what is due', () => {
  const steps = [100, 1_000, 10_000].map((allocation) => ({ allocation, dwellMinutes: 60 }));
  const at = (minutes: number, breached: boolean | null = false, policy = NO_REVIEW) => ({
    now: minutesAfterNoon(minutes),
    policy,
    everywhere: policy,
    breached,
  });
  const ramping = () => done(acted(kept({ ramp: { steps } }), 'start', deed('ada')));

  it('is a step of the ramp when its time has passed, and no sooner', () => {
    const first = ramping();
    expect(first.experiment.allocation).toBe(100);
    expect(dueStep(first, at(59))).toBeNull();
    const second = dueStep(first, at(60));
    expect(second).toMatchObject({ action: 'ramp-step', kept: { experiment: { allocation: 1_000 } } });
    expect(second && dueStep(second.kept, at(61))).toBeNull();
    const third = second && dueStep(second.kept, at(120));
    expect(third?.kept).toMatchObject({
      experiment: { allocation: 10_000 },
      status: { peakAllocation: 10_000 },
    });
    expect(third && dueStep(third.kept, at(9_999))).toBeNull();
  });

  it('is no step while a guardrail is breached, or cannot be read', () => {
    expect(dueStep(ramping(), at(60, true))).toBeNull();
    expect(dueStep(ramping(), at(60, null))).toBeNull();
  });

  it('is no step once somebody has taken the allocation elsewhere, or while it is paused', () => {
    const first = ramping();
    expect(dueStep({ ...first, experiment: { ...first.experiment, allocation: 0 } }, at(60))).toBeNull();
    const paused = done(acted(first, 'pause', deed('ada')));
    expect(dueStep(paused, at(60))).toBeNull();
    const resumed = done(acted(paused, 'resume', deed('ada', NO_REVIEW, minutesAfterNoon(90))));
    expect(dueStep(resumed, at(149))).toBeNull();
    expect(dueStep(resumed, at(150))?.action).toBe('ramp-step');
  });

  it('is the start and the stop of a schedule, the start with its approvals only', () => {
    const waiting = kept({ schedule: { startAt: minutesAfterNoon(1), stopAt: minutesAfterNoon(2) } });
    expect(dueStep(waiting, at(0))).toBeNull();
    expect(dueStep(waiting, at(1, null, { approvals: 1 }))).toBeNull();
    const started = dueStep(waiting, at(1));
    expect(started).toMatchObject({ action: 'start-on-schedule', kept: { state: 'running' } });
    expect(started && dueStep(started.kept, at(2))).toMatchObject({
      action: 'stop-on-schedule',
      kept: { state: 'stopped' },
    });
  });

  it('is a planned change at its time, and when it was approved', () => {
    const change = { id: 'c1', at: minutesAfterNoon(5), fields: { allocation: 2_000 } };
    const result = planned(kept({}, 'running'), change, deed('ada'));
    if (!result.ok) throw new Error('refused');
    expect(dueStep(result.kept, at(4))).toBeNull();
    expect(dueStep(result.kept, at(5, null, TWO_EYES))).toBeNull();
    const agreed = done(changeApproved(result.kept, 'c1', deed('bob', TWO_EYES)));
    expect(dueStep(agreed, at(5, null, TWO_EYES))).toMatchObject({
      action: 'planned-change',
      kept: { experiment: { allocation: 2_000 }, status: { plannedChanges: [] } },
    });
  });
});

describe('a planned change', () => {
  it('is refused when it could not be made as things stand', () => {
    const change = { id: 'c1', at: null, fields: { unit: 'session' } };
    expect(planned(kept({}, 'running'), change, deed('ada'))).toMatchObject({ issues: [{ path: '/unit' }] });
    expect(planned(kept(), { ...change, fields: { allocation: -1 } }, deed('ada'))).toMatchObject({
      issues: [{ path: '/allocation', value: -1 }],
    });
  });

  it('says why it failed when it can no longer be made, and is not tried again', () => {
    const result = planned(kept(), { id: 'c1', at: null, fields: { unit: 'session' } }, deed('ada'));
    if (!result.ok) throw new Error('refused');
    const started = { ...result.kept, state: 'running' as const };
    const change = dueChange(started, deed('automation'));
    const after = change && carriedOut(started, change, NOON);
    expect(after?.status.plannedChanges[0]?.failed).toContain('"unit" cannot change');
    expect(after && dueChange(after, deed('automation'))).toBeUndefined();
  });
});

describe('warnings', () => {
  const warned = (before: KeptExperiment | null, after: KeptExperiment, others: KeptExperiment[] = []) =>
    warningsOf(before, after, others).map(({ code }) => code);
  const metrics = { primary: 'rated', secondary: [], guardrails: ['error-rate'] };

  it('say nothing about an experiment as it should be', () => {
    expect(warned(null, kept({ metrics }))).toEqual([]);
  });

  it('name what is unwise about a new one', () => {
    expect(warned(null, kept({ allocation: 100 }))).toEqual(['underpowered', 'underpowered', 'no-metrics']);
    expect(warned(null, kept({ metrics: { ...metrics, guardrails: [] } }))).toEqual(['no-guardrails']);
  });

  it('name what is unwise about a change in flight', () => {
    const before = kept({ metrics }, 'running');
    const after = kept(
      {
        metrics: { ...metrics, primary: 'other' },
        allocation: 5_000,
        variants: variantsOf([1_000, 9_000]),
        bucketVersion: 2,
      },
      'running',
    );
    expect(warned(before, after)).toEqual([
      'randomised-anew',
      'weights-in-flight',
      'allocation-lowered',
      'metrics-in-flight',
    ]);
  });

  it('name an experiment on parameters that may meet this one', () => {
    const variants = [0, 1].map((n) => ({ key: `v${n}`, weight: 5_000, parameters: { colour: n } }));
    const other = kept({ key: 'other', variants, metrics }, 'running');
    const [warning] = warningsOf(null, kept({ variants, metrics }), [other]);
    expect(warning).toMatchObject({
      code: 'overlapping',
      message: expect.stringContaining('sets "colour" too'),
    });
  });

  it('name those that set the same parameters first, and count the many that only run beside it', () => {
    const on = (key: string, parameter: string) => {
      const variants = [0, 1].map((n) => ({ key: `v${n}`, weight: 5_000, parameters: { [parameter]: n } }));
      return kept({ key, variants, metrics }, 'running');
    };
    const many = Array.from({ length: 30 }, (_, index) => on(`other-${index}`, `p${index}`));
    const warnings = warningsOf(null, on('new', 'colour'), [...many, on('same', 'colour')]);
    expect(warnings).toHaveLength(6);
    expect(warnings[0]).toMatchObject({ value: 'same' });
    expect(warnings.at(-1)?.message).toContain('26 more');
  });
});

describe('what is said of how long an experiment takes', () => {
  const outlook = (days: number | null, unitsPerDay = 300) => ({
    metric: 'rated',
    effect: 0.05,
    basis: { unitsPerDay },
    variants: [
      {
        variant: 'treatment',
        units: { alwaysValid: 41_000 },
        days: { alwaysValid: days },
        detectable: days === null ? [] : [{ days: 28, effect: 0.1084 }],
      },
    ],
  });

  it('is nothing while it is a few weeks, or while nothing is known', () => {
    expect(durationWarnings(outlook(42))).toEqual([]);
    expect(durationWarnings({ ...outlook(1_000), basis: null })).toEqual([]);
  });

  it('is how many units and days an ordinary effect takes, and what would show sooner', () => {
    expect(durationWarnings(outlook(136.7))).toEqual([
      {
        path: '/allocation',
        code: 'underpowered',
        message:
          '"treatment": at 300 new units a day, an effect of 5 % on "rated" takes 41000 units, about 137 days; raise the allocation, or look for a larger effect: 28 days show 11 %',
      },
    ]);
    expect(durationWarnings(outlook(null, 0))[0]?.message).toContain(
      'which never come; raise the allocation',
    );
  });
});
