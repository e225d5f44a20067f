/** How the page looks: two columns where there is room, one on a phone, light or dark as the reader's system is. */

export const PAGE_STYLE: string = `:root {
  color-scheme: light dark;
  --ground: #f4f6f8; --paper: #ffffff; --ink: #17212b; --soft: #5b6875; --line: #e1e7ec; --field: #f6f8fa;
  --accent: #1d6f8a; --on-accent: #ffffff; --good: #1f7a4d; --good-soft: #e2f3ea; --bad: #b3362b; --bad-soft: #fae5e2; --fresh: #e3f1f5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f1419; --paper: #171e25; --ink: #e6ebf0; --soft: #94a2b0; --line: #27313b; --field: #11181e;
    --accent: #63b8d2; --on-accent: #08222b; --good: #6fd3a0; --good-soft: #14322a; --bad: #f08b7f; --bad-soft: #3a1f1d; --fresh: #17323b;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0 auto; max-width: 76rem; padding: 1.75rem 1.5rem 2rem; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; -webkit-text-size-adjust: 100%; }
h1, h2, p, dl, ul, ol { margin: 0; padding: 0; }
h1 { font-size: 1.25rem; line-height: 1.25; letter-spacing: -0.01em; }
h2 { font-size: 1rem; letter-spacing: -0.005em; }
code, .mono { font: 0.8125rem/1.5 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
p code { background: var(--field); border: 1px solid var(--line); border-radius: 4px; padding: 0.05em 0.35em; font-size: 0.75rem; }
.quiet { color: var(--soft); font-size: 0.8125rem; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 6px; }
header { display: flex; align-items: center; gap: 0.875rem; margin-bottom: 1.5rem; }
.title { min-width: 0; }
.title p { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.logo { width: 2.75rem; flex: none; }
.logo rect { fill: #1d6f8a; }
.logo g { fill: none; stroke: #fff; stroke-width: 2; stroke-linecap: round; }
.state { margin-left: auto; flex: none; font-size: 0.8125rem; padding: 0.25rem 0.75rem; border-radius: 99px; background: var(--line); color: var(--soft); }
.state::before { content: ""; display: inline-block; width: 0.5rem; height: 0.5rem; border-radius: 50%; background: currentColor; margin-right: 0.45rem; vertical-align: 0.06em; }
.state.live { background: var(--good-soft); color: var(--good); }
.state.lost { background: var(--bad-soft); color: var(--bad); }
.tiles { display: grid; grid-template-columns: repeat(3, 1fr) 1.6fr; gap: 1rem; margin-bottom: 1rem; }
.tile, .card { background: var(--paper); border: 1px solid var(--line); border-radius: 12px; box-shadow: 0 1px 2px rgb(15 30 45 / 4%); }
.tile { padding: 0.875rem 1.125rem; min-width: 0; }
.tile b { display: block; font-size: 1.5rem; line-height: 1.3; font-weight: 600; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.tile.wide b { white-space: nowrap; font-weight: 500; }
.tile span { color: var(--soft); font-size: 0.8125rem; }
.card { padding: 1.125rem 1.25rem; margin-bottom: 1rem; min-width: 0; }
.card.narrow { max-width: 34rem; margin: 4rem auto; display: grid; gap: 0.75rem; }
.head { display: flex; align-items: baseline; justify-content: space-between; gap: 1rem; margin-bottom: 0.75rem; }
.columns { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 7fr); gap: 1rem; align-items: start; }
.button { font: inherit; font-size: 0.8125rem; line-height: 1.4; color: var(--accent); background: transparent; border: 1px solid var(--line); border-radius: 7px; padding: 0.3rem 0.7rem; cursor: pointer; text-decoration: none; white-space: nowrap; }
.button:hover { border-color: var(--accent); }
.button.done { background: var(--good-soft); border-color: transparent; color: var(--good); }
dl { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.75rem; margin-bottom: 0.875rem; }
dt { font-size: 0.8125rem; font-weight: 600; margin-bottom: 0.25rem; }
dd { margin: 0; display: flex; gap: 0.5rem; align-items: stretch; }
dd code { flex: 1; min-width: 0; overflow-x: auto; text-overflow: ellipsis; white-space: nowrap; background: var(--field); border: 1px solid var(--line); border-radius: 7px; padding: 0.3rem 0.65rem; scrollbar-width: none; }
dd .button { min-width: 4.6rem; }
.ports { list-style: none; display: flex; flex-wrap: wrap; gap: 0.35rem 1.5rem; margin-top: 0.875rem; padding-top: 0.875rem; border-top: 1px solid var(--line); font-size: 0.8125rem; color: var(--soft); }
.ports b { color: var(--ink); font-weight: 600; font-variant-numeric: tabular-nums; margin-left: 0.35rem; }
.rows { list-style: none; }
.rows > li { border-top: 1px solid var(--line); padding: 0.6rem 0; }
.rows > li:first-child { border-top: 0; }
.empty { color: var(--soft); padding: 1.5rem 0 1rem; text-align: center; font-size: 0.875rem; }
.device { display: grid; grid-template-columns: auto minmax(0, 1fr) auto; gap: 0 0.65rem; align-items: center; }
.dot { width: 10px; height: 10px; border-radius: 50%; border: 2px solid var(--soft); opacity: 0.55; }
.dot.on { background: var(--good); border-color: var(--good); opacity: 1; }
.name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-weight: 550; }
.device .quiet { grid-column: 2 / -1; }
.tag { font-size: 0.75rem; border-radius: 99px; padding: 0.05rem 0.55rem; background: var(--field); border: 1px solid var(--line); color: var(--soft); white-space: nowrap; }
.tag.bad { background: var(--bad-soft); border-color: transparent; color: var(--bad); }
.message summary { list-style: none; cursor: pointer; display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0.1rem 0.75rem; }
.message summary::-webkit-details-marker { display: none; }
.message time { color: var(--soft); font-size: 0.8125rem; font-variant-numeric: tabular-nums; }
.message .preview { grid-column: 1 / -1; color: var(--soft); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.message details[open] .preview { display: none; }
.message pre { margin: 0.5rem 0 0.25rem; padding: 0.65rem 0.8rem; background: var(--field); border: 1px solid var(--line); border-radius: 8px; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
.pairs { display: flex; flex-wrap: wrap; gap: 0.3rem; margin-top: 0.4rem; }
.rows > li.fresh { animation: fresh 2.4s ease-out; }
@keyframes fresh { from { background: var(--fresh); box-shadow: 0 0 0 0.4rem var(--fresh); border-radius: 4px; } }
@media (prefers-reduced-motion: reduce) { .rows > li.fresh { animation: none; } }
#unlock { display: flex; gap: 0.5rem; }
#unlock input { flex: 1; min-width: 0; font: inherit; padding: 0.45rem 0.7rem; color: inherit; background: var(--field); border: 1px solid var(--line); border-radius: 7px; }
footer { display: flex; gap: 1.25rem; justify-content: center; margin-top: 1.5rem; }
footer a { color: inherit; }
@media (max-width: 46rem) {
  body { padding: 1rem 0.875rem 1.5rem; }
  header { margin-bottom: 1rem; gap: 0.7rem; }
  .tiles { grid-template-columns: repeat(3, 1fr); gap: 0.6rem; margin-bottom: 0.75rem; }
  .tile { padding: 0.65rem 0.8rem; }
  .tile b { font-size: 1.25rem; }
  .tile.wide { grid-column: 1 / -1; }
  .card { padding: 0.95rem 1rem; margin-bottom: 0.75rem; }
  .card.narrow { margin: 2rem 0; }
  .columns { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .button { padding: 0.4rem 0.8rem; }
}
`;
