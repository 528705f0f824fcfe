// Draws each chart from the table beside it, so that without this script the same figures are there.
const language = document.documentElement.lang;
const number = new Intl.NumberFormat(language);
const dayMonth = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: "UTC" });
const monthYear = new Intl.DateTimeFormat(language, { month: "short", year: "numeric", timeZone: "UTC" });
const colour = (name) => () => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const DAY = 86_400; // seconds
const LABEL = 80; // pixels that the name of a month takes
const WHOLE = [1, 2, 5].flatMap((step) => Array.from({ length: 15 }, (_none, power) => step * 10 ** power)).sort((one, other) => one - other);
const faint = () => `color-mix(in srgb, ${colour("--accent")()} 70%, transparent)`;

for (const chart of document.querySelectorAll(".chart")) {
  const at = (row) => Date.parse(row.querySelector("time").dateTime);
  const rows = [...document.querySelectorAll(`#${chart.dataset.table} tbody tr`)].sort((one, other) => at(one) - at(other));
  const days = rows.map((row) => at(row) / 1000);
  const apart = Math.min(30 * DAY, ...days.slice(1).map((day, before) => day - days[before]));
  const areMonths = apart > 27 * DAY;
  const months = (plot) => days.filter((_day, index) => index % Math.ceil(days.length * LABEL / plot.width) === 0);
  const cells = rows.map((row) => row.querySelector(`[data-series="${chart.dataset.series}"]`));
  const values = cells.map((cell) => Number(cell.dataset.value) / Number(chart.dataset.scale));
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  const plot = new uPlot({
    width: chart.clientWidth,
    height: chart.clientHeight,
    cursor: { show: false },
    legend: { show: false },
    scales: { x: { time: true, range: (_plot, first, last) => [first - apart / 2, last + apart / 2] }, y: { range: (_plot, low, high) => [Math.min(0, low), Math.max(high, 1)] } },
    axes: [
      {
        ...axis,
        size: 28,
        grid: { show: false },
        ...(areMonths && { splits: months }),
        values: (_plot, ticks) => ticks.map((tick) => (areMonths ? monthYear : dayMonth).format(tick * 1000)),
      },
      { ...axis, size: 64, incrs: WHOLE, values: (_plot, ticks) => ticks.map((tick) => number.format(tick)) },
    ],
    series: [{}, {
      fill: faint,
      width: 0,
      paths: uPlot.paths.bars({ size: [0.7, 24] }),
      points: { show: false },
    }],
  }, [days, values], chart);
  new ResizeObserver(() => plot.setSize({ width: chart.clientWidth, height: chart.clientHeight })).observe(chart);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot.redraw());
}
