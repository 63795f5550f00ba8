/** Everything the report looks like: on a screen in light and dark, and on paper. */
export const REPORT_STYLE = `
:root { color-scheme: light dark; --ink: #1a1c1f; --quiet: #5b6168; --paper: #fff; --line: #d9dde2; --soft: #f3f5f7;
  --good: #11713f; --bad: #b3261e; --open: #2457a8; --warn: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --quiet: #a2a9b1; --paper: #15181c; --line: #353b42;
  --soft: #1e2328; --good: #5fd08f; --bad: #ff8a80; --open: #8ab4f8; --warn: #f0b95b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; }
header p, .quiet { color: var(--quiet); margin: .25rem 0; }
.verdict { border-left: .4rem solid var(--open); background: var(--soft); padding: 1rem 1.25rem; margin: 1.5rem 0; }
.verdict.ship { border-color: var(--good); } .verdict.roll-back { border-color: var(--bad); }
.verdict.untrusted { border-color: var(--warn); }
.verdict strong { display: block; font-size: 1.3rem; } .verdict ul { margin: .75rem 0 0; padding-left: 1.2rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--quiet); font-size: .85rem; } td.number, th.number { text-align: right; }
caption { text-align: left; color: var(--quiet); font-size: .85rem; padding: .25rem 0; }
.good { color: var(--good); fill: var(--good); stroke: var(--good); }
.bad { color: var(--bad); fill: var(--bad); stroke: var(--bad); }
.open { color: var(--open); fill: var(--open); stroke: var(--open); }
td.good, td.bad, td.open { stroke: none; }
svg { width: 100%; height: auto; display: block; margin: .5rem 0; }
svg text { fill: var(--ink); stroke: none; font-size: 14px; } svg .tick { fill: var(--quiet); font-size: 12px; }
svg .grid { stroke: var(--line); } svg .zero { stroke: var(--quiet); stroke-width: 1.5; }
svg .interval { stroke-width: 4; stroke-linecap: round; opacity: .55; } svg .band { fill: var(--open); opacity: .2; }
svg .line { fill: none; stroke: var(--open); stroke-width: 2; } svg .point { fill: var(--open); }
details { margin: .5rem 0; } summary { cursor: pointer; color: var(--open); }
pre { background: var(--soft); padding: .75rem; overflow-x: auto; font-size: .75rem; }
@media print { :root { --paper: #fff; --ink: #000; --soft: #f3f5f7; --quiet: #444; --line: #bbb; --good: #11713f;
  --bad: #b3261e; --open: #2457a8; --warn: #8a5a00; }
  body { max-width: none; padding: 0; font-size: 12px; } details { display: none; } h2, svg, tr { break-inside: avoid; } }
`;
