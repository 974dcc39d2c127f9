// ROC curves of the validation part at some epochs, and from the newest one the histogram of scores.
import {api, byId, el, number, runApi, show} from "/assets/shared.js";
import {histogramChart, rocChart} from "/assets/charts.js";

const MOST_CURVES = 25;
const N_BINS = 20;

export class CurveViews {
  constructor(id) {
    this.id = id;
    this.forget();
    byId("roc-class").addEventListener("change", () => {
      this.isNew = true;
    });
  }

  forget() {
    this.known = new Map();
    this.wanted = [];
    this.isNew = false;
  }

  // the epochs that have curves now
  offer(epochs) {
    this.wanted = epochs.slice(-MOST_CURVES).filter((epoch) => !this.known.has(epoch));
  }

  async draw() {
    const wanted = this.wanted.splice(0);
    const load = (epoch) => api(runApi(this.id, `/curves/${epoch}`)).catch(() => ({curves: []})); // damaged, or gone
    const found = await Promise.all(wanted.map(load));
    wanted.forEach((epoch, place) => this.known.set(epoch, found[place].curves));
    this.isNew ||= wanted.length > 0;
    if (!this.isNew || !this.known.size) return;
    this.isNew = false;
    const epochs = [...this.known.keys()].sort((a, b) => a - b).slice(-MOST_CURVES);
    const newest = epochs.at(-1);
    const names = (this.known.get(newest) || []).map((curve) => curve.class);
    if (!names.length) return;
    this.offerClasses(names);
    const chosen = byId("roc-class").value;
    await this.drawRoc(epochs, chosen);
    await this.drawScores(newest, chosen);
  }

  offerClasses(names) {
    const select = byId("roc-class");
    if (select.options.length === names.length) return;
    show(select, ...names.map((name) => el("option", {value: name}, name)));
    select.hidden = names.length < 2;
  }

  async drawRoc(epochs, chosen) {
    byId("roc").hidden = false;
    this.roc ??= rocChart(byId("roc-plot"), {
      field: "epoch", type: "quantitative", title: "epoch", scale: {type: "log", range: ["@faint", "@now"]},
      legend: {orient: "right", gradientLength: 120, format: ",d"},
    });
    const rows = [];
    for (const epoch of epochs) {
      const curve = (this.known.get(epoch) || []).find((each) => each.class === chosen);
      if (curve) curve.roc.fpr.forEach((fpr, i) => rows.push({fpr, tpr: curve.roc.tpr[i], i, epoch, key: String(epoch)}));
    }
    await this.roc.set({rows});
  }

  async drawScores(epoch, chosen) {
    const curve = (this.known.get(epoch) || []).find((each) => each.class === chosen);
    if (!curve) return;
    byId("scores").hidden = false;
    byId("scores-title").textContent = `Scores of the validation rows, epoch ${number(epoch)}`;
    if (this.scoresOf !== chosen) {
      this.scores = histogramChart(byId("scores-plot"), [chosen, "others"]);
      this.scoresOf = chosen;
    }
    await this.scores.set({rows: [...bins(curve.roc, "tpr", chosen), ...bins(curve.roc, "fpr", "others")]});
  }
}

// tpr(t) is the share of the class's rows with a score of at least t: its steps are the histogram
function bins(roc, rate, name) {
  const probabilities = roc.thresholds.map((t) => (t === "inf" ? Infinity : t === "-inf" ? -Infinity : t)).map((t) => 1 / (1 + Math.exp(-t)));
  const atLeast = (edge) => {
    let share = 0;
    for (let i = 0; i < probabilities.length && probabilities[i] >= edge; i += 1) share = roc[rate][i];
    return share;
  };
  const rows = [];
  let above = 0;
  for (let bin = N_BINS - 1; bin >= 0; bin -= 1) {
    const all = bin ? atLeast(bin / N_BINS) : 1;
    rows.push({from: bin / N_BINS, to: (bin + 1) / N_BINS, share: all - above, class: name});
    above = all;
  }
  return rows;
}
