/**
 * Preloaded into each process of the demo: ends it as soon as the demo is gone, however the demo ended. A
 * parent killed with SIGKILL can say nothing, but its end of this channel closes.
 */
process.once('disconnect', () => process.exit(1));
process.channel?.unref();
