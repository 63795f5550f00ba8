import { startEmbeddedMongo } from '../../experiments/store/embedded/start-embedded-mongo.ts';

/** A process that owns an embedded server and does nothing else: prints its URI and waits to be killed. */
const [directory = ''] = process.argv.slice(2);
const { uri } = await startEmbeddedMongo({ directory });
console.log(uri);
