// The style sheet and the script of a report.
#pragma once

#include <string_view>

namespace stx {

/// Light and dark from the reader's settings; one column on narrow screens.
inline constexpr std::string_view report_css = R"css(
:root { color-scheme: light dark; --bg: #f7f7f4; --card: #fff; --ink: #1c2126; --soft: #5a646d;
  --line: #e2e4e0; --accent: #0b7a70; --tint: #e3f1ee; --warm: #c2540a; --note: #fdf3dc;
  --c2: #6a51a3; --c3: #2b7bba; --c4: #8a6d00; --c5: #b03a6b; --c6: #6b747c; --c7: #3d8b37; }
@media (prefers-color-scheme: dark) { :root { --bg: #131619; --card: #1b1f23; --ink: #e7eaec;
  --soft: #9da7b0; --line: #2f363c; --accent: #45c2b1; --tint: #17322f; --warm: #f59a55;
  --note: #33290f; --c2: #b09ae8; --c3: #6db3ee; --c4: #d9b93b; --c5: #ee8bb2; --c6: #98a2ab;
  --c7: #7fce77; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1180px; padding: 28px clamp(14px, 3vw, 36px) 64px;
  background: var(--bg); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1 { font-size: clamp(22px, 4vw, 30px); line-height: 1.2; margin: 0; letter-spacing: -.01em;
  overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 44px 0 6px; letter-spacing: -.005em; }
p { max-width: 75ch; } .subtitle, .lead { color: var(--soft); margin: 4px 0 12px; }
small { display: block; color: var(--soft); font-size: 11.5px; font-weight: 400; line-height: 1.35; }
.note { background: var(--note); border-left: 3px solid var(--warm); margin: 8px 0;
  padding: 8px 14px; border-radius: 0 6px 6px 0; overflow-wrap: anywhere; }
.headline { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(205px, 47%), 1fr)); gap: 10px; list-style: none; margin: 18px 0; padding: 0; }
.headline li { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 10px 16px 11px; }
.headline b { display: block; font-size: 26px; font-weight: 600; line-height: 1.25;
  font-variant-numeric: tabular-nums; }
.headline li:first-child b { color: var(--accent); }
.headline.small b { font-size: 21px; } .headline span { display: block; color: var(--soft); font-size: 13px; line-height: 1.4; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; }
.scroll.tall { max-height: 70vh; overflow-y: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { padding: 7px 11px; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
tbody tr:last-child > * { border-bottom: 0; }
tbody th, thead th:first-child { text-align: left; font-weight: 500; position: sticky; left: 0;
  background: var(--card); }
thead th { font-weight: 500; color: var(--soft); background: var(--card); font-size: 12.5px; }
.tall thead th { position: sticky; top: 0; z-index: 1; } .tall thead th:first-child { z-index: 2; }
thead button { all: unset; cursor: pointer; } thead button:hover { color: var(--ink); }
thead button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
th[aria-sort] button { color: var(--accent); font-weight: 600; }
tr.model > * { background: var(--tint); } tr.model th { color: var(--accent); font-weight: 600; }
.scores td b { font-weight: 700; }
.cards { display: grid; gap: 14px; grid-template-columns: repeat(auto-fill, minmax(min(320px, 100%), 1fr)); }
.card { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 12px 14px; min-width: 0; }
.card.wide { max-width: 540px; margin: 8px 0 18px; }
figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 10px;
  margin-bottom: 8px; } figcaption span { color: var(--soft); font-size: 13px; }
.pair { display: grid; gap: 12px; } .pair.beside { grid-template-columns: 1fr 1fr; } .panel { min-width: 0; }
.panel-name { display: block; color: var(--soft); font-size: 12.5px; }
canvas { display: block; width: 100%; margin: 2px 0 6px; }
.range { display: flex; align-items: center; gap: 6px; color: var(--soft); font-size: 12px;
  font-variant-numeric: tabular-nums; }
.range i { flex: 1; height: 5px; border-radius: 3px; background: linear-gradient(90deg, #440154, #481f70, #443983, #3b528b, #31688e, #287c8e, #21918c, #20a486, #35b779, #5cc863, #8ed645, #c8e020, #fde725); }
.chart { display: block; width: 100%; height: auto; }
.chart text { fill: var(--soft); font-size: 12px; font-family: inherit; }
.cards .chart text { font-size: 15px; }
.chart .grid { stroke: var(--line); } .chart .axis, .chart .tick { stroke: var(--soft); }
.chart .marker { stroke: var(--soft); stroke-dasharray: 3 3; }
.chart path { fill: none; stroke: var(--s); stroke-width: 1.6; stroke-linejoin: round; }
.chart path.s0 { stroke-width: 2.4; }
.s0 { --s: var(--accent); } .s1 { --s: var(--warm); } .s2 { --s: var(--c2); } .s3 { --s: var(--c3); }
.s4 { --s: var(--c4); } .s5 { --s: var(--c5); } .s6 { --s: var(--c6); } .s7 { --s: var(--c7); }
.key { display: flex; flex-wrap: wrap; gap: 2px 18px; color: var(--soft); font-size: 13px;
  margin: 8px 0 10px; max-width: none; }
.key [class]::before { content: ""; display: inline-block; width: 16px; height: 3px;
  margin-right: 6px; vertical-align: middle; border-radius: 2px; background: var(--s); }
.key .chosen::before { height: 14px; width: 0; border-left: 1px dashed var(--soft); border-radius: 0; }
.key .bar-key::before { height: 9px; background: var(--accent); }
.key .mark-key::before { height: 13px; width: 3px; background: var(--warm); }
.bars { list-style: none; margin: 0 0 18px; padding: 0; columns: 300px 3; column-gap: 32px; }
.bars li { display: grid; grid-template-columns: 92px 1fr 44px; gap: 8px; align-items: center;
  font-size: 13px; line-height: 23px; break-inside: avoid; }
.gene { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bars .num { text-align: right; font-variant-numeric: tabular-nums; color: var(--soft); }
.track { position: relative; height: 11px; background: color-mix(in srgb, var(--line) 55%, transparent);
  border-radius: 2px; }
.track i { position: absolute; top: 0; bottom: 0; }
.bar { background: var(--accent); border-radius: 2px; } .bar.below { opacity: .5; }
.zero { width: 1px; background: var(--soft); }
.mark { width: 3px; margin-left: -1px; background: var(--warm); border-radius: 1px;
  top: -2px !important; bottom: -2px !important; }
summary { cursor: pointer; margin: 6px 0; color: var(--accent); }
.scroll:has(.heat) { width: fit-content; max-width: 100%; } .heat { width: auto; } .heat td { border: 1px solid var(--card); padding: 5px 8px; min-width: 40px; text-align: center; font-size: 13px; }
.heat thead th.num { text-align: center; }
.facts { display: grid; gap: 0 36px; grid-template-columns: repeat(auto-fill, minmax(min(330px, 100%), 1fr)); margin: 8px 0; }
.facts div { display: flex; gap: 14px; justify-content: space-between; padding: 5px 0; border-bottom: 1px solid var(--line); }
.facts dt { color: var(--soft); white-space: nowrap; } .facts dd { margin: 0; text-align: right; overflow-wrap: anywhere; }
.facts .long { grid-column: 1 / -1; justify-content: start; } .long dd { text-align: left; }
@media (max-width: 700px) { .pair { grid-template-columns: 1fr 1fr; } tbody th { white-space: normal;
  min-width: 104px; } th, td { padding: 6px 8px; } }
@media print { body { max-width: none; } .scroll { overflow: visible; } .card { break-inside: avoid; } }
)css";

/// Draws the maps and sorts tables by a click on a header.
inline constexpr std::string_view report_script = R"js(
'use strict';
const bytesOf = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
const points = [0x440154, 0x481f70, 0x443983, 0x3b528b, 0x31688e, 0x287c8e, 0x21918c,
  0x20a486, 0x35b779, 0x5cc863, 0x8ed645, 0xc8e020, 0xfde725];
const colours = Array.from({length: 256}, (_, v) => {
  const at = v / 255 * 12, low = Math.min(11, Math.floor(at));
  const part = shift => { const a = points[low] >> shift & 255, b = points[low + 1] >> shift & 255;
    return Math.round(a + (b - a) * (at - low)); };
  return `rgb(${part(16)},${part(8)},${part(0)})`;
});
const maps = document.querySelector('.maps');
if (maps) {
  const xy = new Uint16Array(bytesOf(maps.dataset.spots).buffer), n = xy.length / 2;
  const across = Math.max(+maps.dataset.width, .15), down = Math.max(+maps.dataset.height, .15);
  const draw = canvas => {
    const values = bytesOf(canvas.dataset.values), wide = canvas.clientWidth;
    const ratio = Math.max(window.devicePixelRatio || 1, 1), high = Math.min(wide * down / across, 520);
    canvas.style.height = high + 'px';
    canvas.width = Math.round(wide * ratio);
    canvas.height = Math.round(high * ratio);
    const paint = canvas.getContext('2d');
    const spacing = Math.sqrt(canvas.width * canvas.height / Math.max(n, 1));
    const radius = Math.min(Math.max(spacing * .5, .6 * ratio), 7 * ratio);
    const scale = Math.min((canvas.width - 2 * radius) / across, (canvas.height - 2 * radius) / down);
    const left = (canvas.width - scale * maps.dataset.width) / 2;
    const top = (canvas.height - scale * maps.dataset.height) / 2;
    const levels = Array.from({length: 256}, () => []);   // high values are drawn last, on top
    values.forEach((v, i) => levels[v].push(i));
    levels.forEach((spots, v) => {
      if (!spots.length) return;
      paint.fillStyle = colours[v];
      paint.beginPath();
      for (const i of spots) {
        const x = left + scale * xy[2 * i] / 65535, y = top + scale * xy[2 * i + 1] / 65535;
        if (radius < 1.5) paint.rect(x - radius, y - radius, 2 * radius, 2 * radius);
        else { paint.moveTo(x + radius, y); paint.arc(x, y, radius, 0, 7); }
      }
      paint.fill();
    });
  };
  const all = () => maps.querySelectorAll('canvas').forEach(draw);
  let waiting = 0;
  window.addEventListener('resize', () => { clearTimeout(waiting); waiting = setTimeout(all, 120); });
  all();
}
const valueOf = cell => cell.dataset.v !== undefined ? parseFloat(cell.dataset.v)
  : parseFloat(cell.textContent.replace('\u2212', '-'));
document.querySelectorAll('.sortable thead button').forEach(button => button.addEventListener('click', () => {
  const head = button.parentNode, column = head.cellIndex, body = head.closest('table').tBodies[0];
  const falling = head.getAttribute('aria-sort') !== 'descending' && column > 0
    || head.getAttribute('aria-sort') === 'ascending';
  head.parentNode.querySelectorAll('th').forEach(th => th.removeAttribute('aria-sort'));
  head.setAttribute('aria-sort', falling ? 'descending' : 'ascending');
  const sign = falling ? -1 : 1;
  const order = (a, b) => {
    if (column === 0) return sign * a.cells[0].textContent.localeCompare(b.cells[0].textContent);
    const x = valueOf(a.cells[column]), y = valueOf(b.cells[column]);
    return isNaN(x) ? (isNaN(y) ? 0 : 1) : isNaN(y) ? -1 : sign * (x - y);   // undefined goes last
  };
  [...body.rows].sort(order).forEach(row => body.appendChild(row));
}));
)js";

}  // namespace stx
