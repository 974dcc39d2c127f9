// Charts by Vega-Lite: made once, then given other rows; redrawn when the screen turns dark or light.

const MOST_POINTS = 600;
const style = () => getComputedStyle(document.documentElement);
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const charts = new Set();
// Vega asks for the width of a chart's place only when the window changes; a section that appears beside it makes it narrower too
const widths = new ResizeObserver(() => window.dispatchEvent(new Event("resize")));

// "@now" becomes the page's own color of that name
function painted(part) {
  if (typeof part === "string" && part[0] === "@") return style().getPropertyValue("--" + part.slice(1)).trim() || part;
  if (Array.isArray(part)) return part.map(painted);
  if (part && typeof part === "object") return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, painted(value)]));
  return part;
}

const LOOK = {
  background: "transparent", font: "system-ui, sans-serif",
  // room for labels that come later: the layout is made while there is no data
  axis: {labelColor: "@ink", titleColor: "@ink", titleFontWeight: "normal", gridColor: "@grid", domainColor: "@faint", tickColor: "@faint",
    labelFontSize: 11, titleFontSize: 12, labelOverlap: true},
  axisY: {minExtent: 48}, axisX: {minExtent: 18},
  legend: {labelColor: "@ink", titleColor: "@ink", labelFontSize: 11, orient: "top", symbolStrokeWidth: 3, titleFontWeight: "normal", labelLimit: 220},
  view: {stroke: null},
};

export class Chart {
  // `names`: the data sets of the specification, empty at first
  constructor(place, specification, names) {
    this.place = place;
    this.specification = specification;
    this.rows = Object.fromEntries(names.map((name) => [name, []]));
    this.drawn = null;
    this.ready = this.embed();
    charts.add(this);
    widths.observe(place);
  }

  async embed() {
    const {datasets, ...rest} = {datasets: this.rows, ...painted(this.specification)};
    const result = await window.xent.embed(this.place, {
      width: "container", autosize: {type: "fit-x", contains: "padding"}, ...rest,
      datasets: Object.fromEntries(Object.entries(datasets).map(([name, rows]) => [name, [...rows]])),
      config: painted(LOOK),
    }, {
      mode: "vega-lite", ast: true, logLevel: 1, // it would warn that there are no rows yet
      renderer: "svg", downloadFileName: "xent",
      actions: {export: true, source: false, compiled: false, editor: false},
    });
    const before = this.drawn;
    this.drawn = result;
    if (before) before.finalize();
  }

  // replace rows; one awaited update at a time, for Vega keeps only the last of several
  async set(rows) {
    Object.assign(this.rows, rows);
    await this.ready;
    for (const [name, values] of Object.entries(rows)) this.drawn.view.data(name, values);
    await this.drawn.view.runAsync();
  }
}

dark.addEventListener("change", async () => {
  for (const chart of charts) {
    chart.ready = chart.ready.then(() => chart.embed());
    await chart.ready;
  }
});

// at most about 600 points: of each stretch its least and its greatest value, so that no spike is lost
export function thinned(xs, ys, most = MOST_POINTS) {
  const kept = [];
  const n = xs.length;
  const step = Math.ceil((2 * n) / most);
  if (n <= most) {
    for (let i = 0; i < n; i += 1) if (ys[i] !== null) kept.push(i);
    return kept;
  }
  for (let first = 0; first < n; first += step) {
    let least = -1;
    let greatest = -1;
    for (let i = first; i < Math.min(n, first + step); i += 1) {
      if (ys[i] === null) continue;
      if (least < 0 || ys[i] < ys[least]) least = i;
      if (greatest < 0 || ys[i] > ys[greatest]) greatest = i;
    }
    if (least >= 0) kept.push(Math.min(least, greatest));
    if (greatest !== least) kept.push(Math.max(least, greatest));
  }
  if (kept[kept.length - 1] !== n - 1 && ys[n - 1] !== null) kept.push(n - 1);
  return kept;
}

const SERIES_COLORS = ["@hue1", "@hue2", "@hue3", "@hue4", "@line", "@chosen", "@best", "@faint"];
const DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [1, 0], [6, 3], [2, 2], [1, 0]];

// lines over the epochs, one a series; "best" may hold one epoch to be marked
export function lineChart(place, title, series, {scale = "linear", zero = false, colors = SERIES_COLORS} = {}) {
  const domain = {domain: series, range: series.map((_, i) => colors[i % colors.length])};
  const dashes = {domain: series, range: series.map((_, i) => DASHES[i % DASHES.length])};
  return new Chart(place, {
    height: 220,
    layer: [
      {
        data: {name: "rows"}, mark: {type: "line", strokeWidth: 1.8, clip: true, invalid: null},
        encoding: {
          x: {field: "epoch", type: "quantitative", title: "epoch", scale: {nice: false, zero: false}, axis: {tickMinStep: 1, grid: false, format: ",d"}},
          y: {field: "value", type: "quantitative", title, scale: {type: scale, ...(scale === "log" ? {} : {zero}), nice: true}, axis: scale === "log" ? {format: "~g", grid: false} : {}},
          color: {field: "series", type: "nominal", title: null, scale: domain, legend: {columns: series.length > 3 ? 2 : 3}},
          strokeDash: {field: "series", type: "nominal", title: null, scale: dashes},
        },
      },
      {data: {name: "best"}, mark: {type: "rule", color: "@best", strokeWidth: 1.5, strokeDash: [3, 3]}, encoding: {x: {field: "epoch", type: "quantitative"}}},
      {
        data: {name: "best"}, mark: {type: "text", color: "@best", align: {expr: "datum.left ? 'right' : 'left'"}, dx: {expr: "datum.left ? -5 : 5"}, dy: 8, y: 0, baseline: "top"},
        encoding: {x: {field: "epoch", type: "quantitative"}, y: {value: 0}, text: {field: "label", type: "nominal"}},
      },
    ],
  }, ["rows", "best"]);
}

// ROC curves; their color is the epoch, or the name of a run
export function rocChart(place, color) {
  return new Chart(place, {
    height: 300,
    layer: [
      {
        data: {values: [{a: 0}, {a: 1}]}, mark: {type: "line", strokeDash: [4, 4], color: "@faint"},
        encoding: {x: {field: "a", type: "quantitative"}, y: {field: "a", type: "quantitative"}},
      },
      {
        data: {name: "rows"}, mark: {type: "line", strokeWidth: 1.6, invalid: null},
        encoding: {
          x: {field: "fpr", type: "quantitative", title: "false positive rate", scale: {domain: [0, 1]}},
          y: {field: "tpr", type: "quantitative", title: "true positive rate", scale: {domain: [0, 1]}},
          order: {field: "i", type: "quantitative"}, detail: {field: "key", type: "nominal"}, color,
        },
      },
    ],
  }, ["rows"]);
}

export function histogramChart(place, names) {
  return new Chart(place, {
    height: 300, data: {name: "rows"}, mark: {type: "bar", opacity: 0.55, binSpacing: 0},
    encoding: {
      x: {field: "from", bin: "binned", type: "quantitative", title: "probability", scale: {domain: [0, 1]}}, x2: {field: "to"},
      y: {field: "share", type: "quantitative", title: "share of the class's rows", stack: null, axis: {format: "%"}, scale: {zero: true}},
      color: {field: "class", type: "nominal", title: null, scale: {domain: names, range: ["@positive", "@negative"]}},
    },
  }, ["rows"]);
}
