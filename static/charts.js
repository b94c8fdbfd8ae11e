// Draws the charts of a page: <figure data-chart="id"> with its data in <script id="id" type="application/json">
// (apps/core/web/charts.py). Colours come from the theme; dashes and points tell the lines apart without them.

(() => {
  const DASHES = [[], [6, 4], [2, 3], [10, 3, 2, 3], [], [6, 4]];
  const POINTS = ["circle", "triangle", "rect", "rectRot", "star", "cross"];
  const drawn = new Map();

  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const datasets = (data) =>
    data.series.map((series, at) => {
      const colour = token(`--series-${(at % 6) + 1}`);
      const isLong = data.labels.length > 30;
      return {
        label: series.name,
        data: data.kind === "line" ? series.values.map((y, i) => ({ x: data.labels[i], y })) : series.values,
        borderColor: colour,
        backgroundColor: data.kind === "bar" ? colour : token("--surface"),
        borderDash: data.kind === "line" ? DASHES[at % DASHES.length] : [],
        borderWidth: data.kind === "line" ? 2 : 0,
        borderRadius: data.kind === "bar" && !data.stacked ? 3 : 0,
        maxBarThickness: 36,
        pointStyle: data.kind === "bar" ? "rect" : POINTS[at % POINTS.length],
        pointRadius: isLong ? 0 : 3,
        pointHoverRadius: 5,
        tension: 0,
        // Numbers are measured at steps of their own: a line goes on to its next one. Between days it breaks.
        spanGaps: typeof data.labels[0] === "number",
      };
    });

  const axis = (title, more = {}) => ({
    title: { display: Boolean(title), text: title, color: token("--subtle") },
    ticks: { color: token("--subtle"), maxTicksLimit: 8, maxRotation: 0 },
    grid: { color: token("--line"), drawTicks: false },
    border: { display: false },
    ...more,
  });

  const options = (data) => ({
    responsive: true,
    maintainAspectRatio: false,
    animation: false,
    interaction: { mode: "index", intersect: false },
    font: { family: token("--font-sans") },
    scales: {
      x: axis(data.x, {
        type: data.kind === "line" && typeof data.labels[0] === "number" ? "linear" : "category",
        stacked: data.stacked,
        grid: { display: false },
      }),
      y: axis(data.y, { type: data.log ? "logarithmic" : "linear", stacked: data.stacked, beginAtZero: data.kind === "bar" }),
    },
    plugins: {
      legend: {
        display: data.series.length > 1,
        align: "end",
        labels: { color: token("--muted"), usePointStyle: true, boxWidth: 8, boxHeight: 8, padding: 16 },
      },
      tooltip: {
        backgroundColor: token("--ink"),
        titleColor: token("--surface"),
        bodyColor: token("--surface"),
        padding: 10,
        cornerRadius: 6,
        usePointStyle: true,
      },
    },
  });

  const drawOne = (figure) => {
    const source = document.getElementById(figure.dataset.chart);
    const data = JSON.parse(source.textContent);
    drawn.get(figure)?.destroy();
    window.Chart.defaults.font.family = token("--font-sans");
    const type = data.kind;
    const labels = data.kind === "bar" || typeof data.labels[0] !== "number" ? data.labels : undefined;
    drawn.set(
      figure,
      new window.Chart(figure.querySelector("canvas"), { type, data: { labels, datasets: datasets(data) }, options: options(data) }),
    );
  };

  const forgetGone = () => {
    for (const [figure, chart] of drawn) {
      if (!figure.isConnected) {
        chart.destroy();
        drawn.delete(figure);
      }
    }
  };

  window.portalCharts = {
    draw(figures) {
      forgetGone();
      figures.forEach(drawOne);
    },
  };
  document.addEventListener("portal:theme", () => [...drawn.keys()].forEach(drawOne));
})();
