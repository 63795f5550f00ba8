/**
 * Preloaded into each process of the demo: ends it as soon as the demo is gone, however the demo ended. A
 * parent killed with SIGKILL can say nothing, but its end of this channel closes. SIGKILL here too: an orderly
 * exit would first flush logs to a pipe that nobody reads any more.
 */
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.channel?.unref();
