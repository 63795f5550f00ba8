import { describe, it } from 'vitest';
import { describeConfigurationStore } from '../support/configuration-store-contract.ts';
import { missingForFerretDb, startFerretDb } from '../support/ferretdb-peer/start-ferretdb.ts';

const missing = missingForFerretDb();
if (missing === null) {
  describeConfigurationStore('FerretDB 1.24.2', startFerretDb);
} else {
  describe('configuration store on FerretDB 1.24.2', () => {
    it('keeps its contract', ({ skip }) => skip(`FerretDB 1.24.2: ${missing}`));
  });
}
