import type { components } from './generated/openapi.ts';

type Schemas = components['schemas'];

export type Experiment = Schemas['Experiment'];
export type StoredExperiment = Schemas['StoredExperiment'];
export type ExperimentPower = Schemas['ExperimentPower'];
export type ExperimentState = StoredExperiment['state'];
export type StoredTarget = Schemas['StoredTarget'];
export type StoredModel = Schemas['StoredModel'];
export type StoredVersion = Schemas['StoredVersion'];
export type StoredEndpoint = Schemas['StoredEndpoint'];
export type StoredMetric = Schemas['StoredMetric'];
export type StoredLayer = Schemas['StoredLayer'];
export type StoredHoldout = Schemas['StoredHoldout'];
export type StoredHalt = Schemas['StoredHalt'];
export type StoredEnvironment = Schemas['StoredEnvironment'];
export type StoredTenant = Schemas['StoredTenant'];
