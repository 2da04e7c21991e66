#include "tools/trace/report/report.hpp"

namespace syngrad::tools {

// Colours: blue, teal, amber and magenta are told apart by people with any of the common colour blindnesses, and each
// has another lightness than its neighbours in a bar. `series-N` go from cold to warm.
std::string_view page_style() {
  return R"css(
:root {
  color-scheme: light dark;
  --page: #f6f7f8; --card: #ffffff; --ink: #1d2227; --soft: #59626c; --rule: #e1e5e9; --grid: #e7eaee; --base: #98a2ad;
  --track: #eef1f4; --heat: #1f5fa8; --on-heat: #ffffff; --link: #1f5fa8; --warn: #8a4b00; --warn-back: #fff4e0;
  --busy: #2668b0; --ready: #74bfb0; --starved: #e5a21a; --blocked: #b03a78; --idle: #d3d9df;
  --queue: #e08a1e; --wire: #8a7bc8; --device: #4b9d8d;
  --on-strong: #ffffff; --on-pale: #1d2227;
  --s0: #2b4590; --s1: #2a70b2; --s2: #2a94a8; --s3: #4fa276; --s4: #94992f; --s5: #d09220; --s6: #c9652a; --s7: #a33a55;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101316; --card: #181c20; --ink: #e6eaee; --soft: #a0a9b3; --rule: #2a3036; --grid: #272d33; --base: #6b7580;
    --track: #22282e; --heat: #62aaf2; --on-heat: #0d1115; --link: #7db8f5; --warn: #f3c47a; --warn-back: #2c2415;
    --busy: #5a9fe6; --ready: #5fb3a3; --starved: #e6ae3c; --blocked: #d867a0; --idle: #3d454d;
    --queue: #ee9f42; --wire: #a99be6; --device: #67bfae;
    --on-strong: #0d1115; --on-pale: #0d1115;
    --s0: #7c97ea; --s1: #56a6ea; --s2: #4cbfd0; --s3: #76c898; --s4: #bfc458; --s5: #edb548; --s6: #ee8f56; --s7: #dd718d;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink); -webkit-text-size-adjust: 100%;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Liberation Sans", sans-serif;
}
main { max-width: 1000px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { font-size: 1.75rem; line-height: 1.2; letter-spacing: -0.015em; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 1.125rem; line-height: 1.3; letter-spacing: -0.005em; margin: 0 0 6px; }
p { margin: 0 0 12px; max-width: 76ch; }
a { color: var(--link); }
.soft, .look-for, footer { color: var(--soft); }
.look-for { font-size: 0.9375rem; line-height: 1.5; }
code { font: 0.875em ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }

.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 1px; margin: 24px 0 16px;
  padding: 0; background: var(--card); border: 1px solid var(--rule); border-radius: 10px; overflow: hidden; }
.facts div { box-shadow: 0 0 0 1px var(--rule); padding: 12px 16px; }
.facts .words { grid-column: span 2; }
.facts dt { color: var(--soft); font-size: 0.8125rem; }
.facts dd { margin: 0; font-size: 1.25rem; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums;
  overflow-wrap: anywhere; }
.warning { background: var(--warn-back); color: var(--warn); border-radius: 8px; padding: 10px 14px; margin: 0 0 8px;
  max-width: none; font-size: 0.9375rem; }
.bottlenecks { padding-left: 1.4em; margin: 0; }
.bottlenecks li { margin: 0 0 6px; max-width: 72ch; }
.bottlenecks li::first-letter { text-transform: uppercase; }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 16px; list-style: none; padding: 0; margin: 0 0 24px; font-size: 0.9375rem; }

.figures { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 20px; }
.card, .figures > section { background: var(--card); border: 1px solid var(--rule); border-radius: 12px; padding: 20px 22px; }
.card { margin: 0 0 20px; }
.figures > section { grid-column: 1 / -1; min-width: 0; }
.figures > section.half { grid-column: auto; }
figure { margin: 0; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; list-style: none; padding: 0; margin: 0 0 10px; font-size: 0.8125rem;
  color: var(--soft); }
.legend i { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px; vertical-align: -1px; }
.empty { border: 1px dashed var(--rule); border-radius: 8px; padding: 28px 16px; margin: 0; text-align: center; max-width: none;
  color: var(--soft); }
details { margin-top: 12px; font-size: 0.875rem; }
summary { cursor: pointer; color: var(--soft); width: fit-content; border-radius: 4px; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.scroll { overflow: auto; max-height: 420px; margin-top: 8px; border: 1px solid var(--rule); border-radius: 8px; }
.scroll.whole { max-height: none; font-size: 0.8125rem; }
.scroll.whole th, .scroll.whole td { padding: 5px 9px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; line-height: 1.4; }
th, td { padding: 5px 12px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); }
th { position: sticky; top: 0; background: var(--card); color: var(--soft); font-weight: 600; }
th.words, td.words { text-align: left; }
tr:last-child td { border-bottom: 0; }
footer { margin-top: 28px; font-size: 0.875rem; }

svg { display: block; width: 100%; height: auto; font-size: 12px; font-family: inherit; font-variant-numeric: tabular-nums; }
svg.narrow { display: none; }
svg text { fill: var(--ink); }
svg text.tick, svg text.axis, svg text.note { fill: var(--soft); }
svg text.note { font-size: 11.5px; }
svg text.small { font-size: 11px; }
svg .grid { stroke: var(--grid); }
svg .base { stroke: var(--base); }
svg .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
svg .thick { stroke-width: 7; stroke-linecap: round; }
svg .thin { stroke-width: 3.5; opacity: 0.65; }
svg .hair { stroke-width: 1.2; opacity: 0.65; }
svg .median { stroke: var(--card); stroke-width: 1.5; }
svg rect { shape-rendering: crispEdges; }
svg text.on-busy, svg text.on-blocked, svg text.on-series-2, svg text.on-series-7 { fill: var(--on-strong); }
svg text.on-ready, svg text.on-starved, svg text.on-queue { fill: var(--on-pale); }
svg text.on-idle { fill: var(--soft); }
svg text.on-heat { fill: var(--on-heat); }
.track { fill: var(--track); background: var(--track); }
.heat { fill: var(--heat); background: var(--heat); }
.busy { fill: var(--busy); background: var(--busy); }
.ready { fill: var(--ready); background: var(--ready); }
.starved { fill: var(--starved); background: var(--starved); }
.blocked { fill: var(--blocked); background: var(--blocked); }
.idle { fill: var(--idle); background: var(--idle); }
.queue { fill: var(--queue); background: var(--queue); }
.wire { fill: var(--wire); background: var(--wire); }
.device { fill: var(--device); background: var(--device); }
.series-0 { fill: var(--s0); background: var(--s0); }
.series-1 { fill: var(--s1); background: var(--s1); }
.series-2 { fill: var(--s2); background: var(--s2); }
.series-3 { fill: var(--s3); background: var(--s3); }
.series-4 { fill: var(--s4); background: var(--s4); }
.series-5 { fill: var(--s5); background: var(--s5); }
.series-6 { fill: var(--s6); background: var(--s6); }
.series-7 { fill: var(--s7); background: var(--s7); }
line.busy { stroke: var(--busy); }
line.queue { stroke: var(--queue); }
line.wire { stroke: var(--wire); }
line.device { stroke: var(--device); }
polyline.series-0 { stroke: var(--s0); }
polyline.series-1 { stroke: var(--s1); }
polyline.series-2 { stroke: var(--s2); }
polyline.series-3 { stroke: var(--s3); }
polyline.series-4 { stroke: var(--s4); }
polyline.series-5 { stroke: var(--s5); }
polyline.series-6 { stroke: var(--s6); }
polyline.series-7 { stroke: var(--s7); }
svg .line { fill: none; }

@media (max-width: 760px) {
  main { padding: 24px 12px 40px; }
  .figures { grid-template-columns: minmax(0, 1fr); gap: 12px; }
  .card, .figures > section, .figures > section.half { grid-column: auto; padding: 16px 12px; border-radius: 10px; }
  .card { margin-bottom: 12px; }
  h1 { font-size: 1.4375rem; }
  svg.wide { display: none; }
  svg.narrow { display: block; }
  .facts { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .facts div { padding: 10px 12px; }
}
@media print {
  body { background: none; }
  nav, details { display: none; }
  .card, .figures > section { break-inside: avoid; }
}
)css";
}

} // namespace syngrad::tools
