"use strict";
// Draws the page's charts and, where there is a table of thresholds, links them to the slider and the fields of costs.
(() => {
  const byId = (id) => document.getElementById(id);
  const read = (id) => (byId(id) ? JSON.parse(byId(id).textContent) : null);
  const table = read("threshold-data");
  const data = table ? prepare(table) : null;
  const figures = [...document.querySelectorAll("figure[data-chart]")];
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const views = new Map();
  const state = {index: 0, fn: 1, fp: 1, prevalence: null, best: 0};

  // ---- charts -------------------------------------------------------------------------------------------------

  // names such as "@line" become the page's own colors
  function painted(part, style) {
    if (typeof part === "string" && part[0] === "@") return style.getPropertyValue("--" + part.slice(1)).trim() || part;
    if (Array.isArray(part)) return part.map((p) => painted(p, style));
    if (part && typeof part === "object") return Object.fromEntries(Object.entries(part).map(([k, v]) => [k, painted(v, style)]));
    return part;
  }

  // data lie in columns
  function rowsOf(datasets) {
    return Object.fromEntries(Object.entries(datasets).map(([name, held]) => {
      if (Array.isArray(held)) return [name, held];
      const columns = Object.entries(held.columns);
      return [name, Array.from({length: held.n_rows}, (_, i) => Object.fromEntries(columns.map(([key, values]) => [key, values[i]])))];
    }));
  }

  function look(style) {
    const color = (name) => style.getPropertyValue("--" + name).trim();
    const font = "system-ui, sans-serif";
    return {
      background: "transparent", font,
      axis: {labelColor: color("ink"), titleColor: color("ink"), titleFontWeight: "normal", gridColor: color("grid"),
        domainColor: color("faint"), tickColor: color("faint"), labelFontSize: 11, titleFontSize: 12, labelOverlap: true, labelSeparation: 4},
      legend: {labelColor: color("ink"), titleColor: color("ink"), labelFontSize: 11, symbolStrokeWidth: 2},
      title: {color: color("ink"), subtitleColor: color("ink"), anchor: "start"},
      header: {labelColor: color("ink"), titleColor: color("ink")},
      view: {stroke: null},
    };
  }

  async function draw(figure) {
    const name = figure.dataset.chart;
    const style = getComputedStyle(document.documentElement);
    const block = read("chart-" + name);
    const spec = block.light ? {...block[dark.matches ? "dark" : "light"], datasets: rowsOf(block.datasets)} : painted(block, style);
    const linked = figure.dataset.linked;
    delete spec.$schema; // the library has its own version, and says so of any other
    if (linked) {
      const now = signals();
      spec.datasets = datasetsOf(linked);
      spec.params = spec.params.map(({name: signal}) => ({name: signal, value: now[signal]}));
    }
    // charts one above the other cannot follow the width of their place by themselves
    if (spec.vconcat) figure.dataset.stacked = "";
    for (const part of spec.vconcat || []) part.width = Math.max(figure.clientWidth - 90, 160);
    const config = linked ? look(style) : {...spec.config, background: "transparent"};
    const drawn = await window.xent.embed(figure.querySelector(".plot"), {...spec, config}, {
      mode: "vega-lite", ast: true, renderer: "svg", downloadFileName: name,
      actions: {export: true, source: false, compiled: false, editor: false},
    });
    const before = views.get(name);
    if (before) before.result.finalize();
    views.set(name, {result: drawn, view: drawn.view, linked});
    if (linked) await follow(drawn.view, signals()); // it may have moved meanwhile
  }

  async function drawAll() {
    for (const figure of figures) await draw(figure);
    document.documentElement.dataset.charts = dark.matches ? "dark" : "light";
    document.documentElement.dataset.ready = "true";
  }

  // ---- the table of thresholds --------------------------------------------------------------------------------

  function number(value) {
    return value === "inf" ? Infinity : value === "-inf" ? -Infinity : value;
  }

  // columns, turned so that thresholds rise: the slider's right end is the strictest
  function prepare(columns) {
    const k = columns.thresholds.length;
    const rows = [];
    for (let i = 0; i < k; i += 1) {
      const j = k - 1 - i;
      rows.push(rowOf(i, number(columns.thresholds[j]), columns.tp[j], columns.fp[j], columns));
    }
    return {...columns, rows};
  }

  function ratio(a, b) {
    return b > 0 ? a / b : null;
  }

  function rowOf(i, threshold, tp, fp, columns) {
    const fn = Math.max(columns.n_positive - tp, 0), tn = Math.max(columns.n_negative - fp, 0);
    const n = tp + fn + fp + tn, [low, high] = columns.domain;
    // shares, not counts, as the products of four counts are large
    const [a, b, c, d] = [tp / n, fn / n, fp / n, tn / n];
    const scale = Math.sqrt((a + b) * (a + c)) * Math.sqrt((c + d) * (b + d));
    const recall = ratio(tp, tp + fn), specificity = ratio(tn, fp + tn);
    return {
      i, threshold, tp, fn, fp, tn, n,
      at: Math.min(Math.max(threshold, low), high),
      precision: ratio(tp, tp + fp), recall, specificity, npv: ratio(tn, tn + fn),
      fpr: ratio(fp, fp + tn), fnr: ratio(fn, tp + fn), accuracy: (tp + tn) / n,
      balanced_accuracy: (recall + specificity) / 2, f1: ratio(2 * tp, 2 * tp + fn + fp),
      mcc: scale > 0 ? Math.min(Math.max((a * d - b * c) / scale, -1), 1) : null,
      positive_share: (tp + fp) / n,
    };
  }

  function share() {
    return state.prevalence === null ? data.n_positive / (data.n_positive + data.n_negative) : state.prevalence;
  }

  function costOf(row) {
    const {tp, tn} = data.right_costs, p = share();
    return p * ((state.fn * row.fn + tp * row.tp) / data.n_positive)
      + (1 - p) * ((state.fp * row.fp + tn * row.tn) / data.n_negative);
  }

  // of equally cheap thresholds the highest, as xent.decide takes it
  function cheapest() {
    let best = data.rows.length - 1, least = Infinity;
    for (let i = data.rows.length - 1; i >= 0; i -= 1) {
      const cost = costOf(data.rows[i]);
      if (cost < least) { least = cost; best = i; }
    }
    return best;
  }

  function nearest(threshold) {
    // the row of the same decisions: the lowest kept threshold that is at least as high
    const found = data.rows.findIndex((row) => row.threshold >= threshold);
    return found < 0 ? data.rows.length - 1 : found;
  }

  function datasetsOf(name) {
    const pick = (fields) => data.rows.map((row) => Object.fromEntries(fields.map((f) => [f, row[f]])));
    const kept = (rows, field) => rows.filter((row) => row[field] !== null);
    const curves = {
      roc: () => ({curve: pick(["i", "fpr", "recall"])}),
      pr: () => ({curve: kept(pick(["i", "recall", "precision"]), "precision")}),
      histogram: () => ({bins: bins()}),
      cost: () => ({curve: pick(["i", "at", "recall", "fnr", "fpr"])}),
      figures: () => ({curve: pick(["i", "at", "precision", "recall", "f1", "mcc"])}),
      cost_curve: () => ({envelope: data.cost_curve.x.map((x, i) => ({x, y: data.cost_curve.y[i]}))}),
    };
    return curves[name]();
  }

  function bins() {
    const {edges, positives, negatives} = data.bins;
    const made = [];
    positives.forEach((rows, i) => {
      const bin = {low: edges[i], high: edges[i + 1]};
      made.push({...bin, class: "positive", rows, height: rows / data.n_positive});
      made.push({...bin, class: "negative", rows: negatives[i], height: -negatives[i] / data.n_negative});
    });
    return made;
  }

  // ---- following ----------------------------------------------------------------------------------------------

  const withCost = (index) => (index === null ? null : {...data.rows[index], cost: costOf(data.rows[index])});

  // Vega compares signals by identity: what has not changed must stay the same object, or all that hangs on it is
  // made anew at every step.
  let fixed = null;
  function signals() {
    if (fixed === null) {
      const p = share(), {tp, tn} = data.right_costs;
      // what costs more than always or never alarming is of no interest
      const trivial = Math.min(costOf(data.rows[0]), costOf(data.rows[data.rows.length - 1]));
      const miss = p * (state.fn - tp), alarm = (1 - p) * (state.fp - tn);
      fixed = {
        best: withCost(state.best), chosen: withCost(data.chosen_index),
        costs: {fn: state.fn, fp: state.fp, tp, tn, share: p, mix: miss / (miss + alarm), top: 1.25 * trivial},
      };
    }
    return {now: withCost(state.index), ...fixed};
  }

  function follow(view, values) {
    for (const [name, value] of Object.entries(values)) view.signal(name, value);
    return view.runAsync();
  }

  const shown = (value, digits = 4) => (value === null || Number.isNaN(value) ? "–" : value.toFixed(digits));
  const count = (value) => value.toLocaleString("en-US", {maximumFractionDigits: 2});

  function thresholdText(value) {
    if (value === Infinity) return "above every score";
    if (value === -Infinity) return "below every score";
    return Number(value.toPrecision(5)).toString();
  }

  // Wilson's score interval, as xent.evaluation gives it for shares of rows
  function wilson(events, trials) {
    if (!(trials > 0) || data.is_weighted) return "";
    const z = data.z, p = events / trials;
    const center = (events + (z * z) / 2) / (trials + z * z);
    const spread = (z * Math.sqrt(events * (1 - p) + (z * z) / 4)) / (trials + z * z);
    const low = events === 0 ? 0 : Math.max(center - spread, 0);
    const high = events === trials ? 1 : Math.min(center + spread, 1);
    return `${shown(low)} to ${shown(high)}`;
  }

  function put(id, text) {
    const place = byId(id);
    if (place && place.textContent !== text) place.textContent = text;
  }

  function write() {
    const row = data.rows[state.index], best = data.rows[state.best];
    for (const cell of ["tp", "fn", "fp", "tn"]) put("count-" + cell, count(row[cell]));
    put("rate-tp", shown(row.recall, 3)); put("rate-fn", shown(row.fnr, 3));
    put("rate-fp", shown(row.fpr, 3)); put("rate-tn", shown(row.specificity, 3));
    const shares = {
      precision: [row.tp, row.tp + row.fp], recall: [row.tp, row.tp + row.fn], specificity: [row.tn, row.tn + row.fp],
      npv: [row.tn, row.tn + row.fn], fpr: [row.fp, row.fp + row.tn], accuracy: [row.tp + row.tn, row.n],
    };
    for (const name of ["precision", "recall", "specificity", "npv", "fpr", "accuracy", "balanced_accuracy", "f1", "mcc"]) {
      put("figure-" + name, shown(row[name]));
      if (shares[name]) put("interval-" + name, wilson(...shares[name]));
    }
    put("figure-positive_share", shown(row.positive_share));
    const costs = {now: state.index, best: state.best, chosen: data.chosen_index, neutral: data.neutral_index,
      always: 0, never: data.rows.length - 1};
    for (const [name, index] of Object.entries(costs)) put("cost-" + name, index === null ? "–" : shown(costOf(data.rows[index])));
    put("threshold-value", thresholdText(row.threshold));
    put("best-value", thresholdText(best.threshold));
    const slider = byId("slider");
    if (slider.value !== String(state.index)) slider.value = String(state.index);
    slider.setAttribute("aria-valuetext", `threshold ${thresholdText(row.threshold)}, recall ${shown(row.recall, 2)}, `
      + `precision ${shown(row.precision, 2)}`);
    document.documentElement.dataset.threshold = String(row.threshold);
    document.documentElement.dataset.best = String(best.threshold);
  }

  let due = null;
  // any number of events between two frames make one step
  function step() {
    if (due === null) {
      due = performance.now();
      requestAnimationFrame(async () => {
        const begin = due;
        due = null;
        write();
        const values = signals();
        const linked = [...views.values()].filter((held) => held.linked);
        await Promise.all(linked.map((held) => follow(held.view, values)));
        performance.measure("xent-step", {start: begin, end: performance.now()});
        document.documentElement.dataset.steps = String(Number(document.documentElement.dataset.steps || 0) + 1);
      });
    }
  }

  // a field that holds nothing usable is marked, and what it held before stays in force
  function readField(id, low, high, empty) {
    const field = byId(id), text = field.value.trim(), value = Number(text);
    const isEmpty = text === "" && !field.validity.badInput && empty !== undefined;
    const fits = isEmpty || (text !== "" && Number.isFinite(value) && value > low && value < high);
    field.setAttribute("aria-invalid", String(!fits));
    return fits ? {value: isEmpty ? empty : value} : null;
  }

  function readFields() {
    const fn = readField("cost-fn", data.right_costs.tp, Infinity);
    const fp = readField("cost-fp", data.right_costs.tn, Infinity);
    const prevalence = readField("prevalence", 0, 1, null);
    if (fn) state.fn = fn.value;
    if (fp) state.fp = fp.value;
    if (prevalence) state.prevalence = prevalence.value;
    const wrong = [fn, fp].includes(null) ? "A mistake must cost more than the right decision. "
      : prevalence === null ? "A prevalence lies between 0 and 1. " : "";
    put("field-note", wrong);
    state.best = cheapest();
    fixed = null;
  }

  function link() {
    data.chosen_index = data.chosen === null ? null : nearest(number(data.chosen));
    data.neutral_index = data.neutral === null ? null : nearest(data.neutral);
    const slider = byId("slider");
    slider.max = String(data.rows.length - 1);
    readFields();
    state.index = data.chosen_index ?? data.neutral_index ?? state.best;
    slider.addEventListener("input", () => { state.index = Number(slider.value); step(); });
    for (const id of ["cost-fn", "cost-fp", "prevalence"]) {
      byId(id).addEventListener("input", () => { readFields(); step(); });
    }
    const jumps = {neutral: () => data.neutral_index, chosen: () => data.chosen_index, best: () => state.best};
    for (const [name, where] of Object.entries(jumps)) {
      const button = byId("jump-" + name);
      if (button) button.addEventListener("click", () => { state.index = where(); step(); });
    }
    write();
  }

  let resized = null;
  function resize() {
    clearTimeout(resized);
    resized = setTimeout(async () => {
      for (const figure of figures) if ("stacked" in figure.dataset) await draw(figure);
    }, 150);
  }

  if (data) link();
  window.addEventListener("resize", resize);
  dark.addEventListener("change", drawAll);
  drawAll();
})();
