// One run, live: its epochs come as events and wait in a queue; words and numbers follow at once, charts in turn.
import {api, badge, byId, duration, el, fail, figureName, figureText, noFailure, number, postJson, rangeText, runAddress, runApi, runOfPage, show, statusOf, table, targetText} from "/assets/shared.js";
import {lineChart, thinned} from "/assets/charts.js";
import {CurveViews} from "/assets/curves.js";
import {Redraws} from "/assets/redraws.js";

const id = runOfPage();
const PLAIN = new Set(["epoch", "learning_rate", "penalty", "gradient_norm", "weight_norm", "gradient_norms", "weight_norms", "loss", "validation_loss"]);
// milliseconds between two looks into the queue
const PAUSE = 250;
// the doctor is asked again after this long, in milliseconds, and after this many times what the last answer took
const FINDINGS_PAUSE = 3000;
const FINDINGS_REST = 20;

const run = {status: {}, detail: null, best: 0, findingsAfter: 0};
let history = emptyHistory();
let queue = [];
let source = null;
let last = 0;
const charts = {};
const curves = new CurveViews(id);
const redraws = new Redraws(fail);

function emptyHistory() {
  return {epochs: [], columns: new Map(), latest: null, arrivals: []};
}

// ---- events ---------------------------------------------------------------------------------------------------------

function listen() {
  if (source || document.hidden) return;
  source = new EventSource(runApi(id, `/events?after=${last}`));
  source.onmessage = (event) => {
    last = Number(event.lastEventId);
    queue.push(event.data);
  };
  source.addEventListener("damaged", (event) => {
    last = Number(event.lastEventId);
  });
  source.addEventListener("restart", () => {
    last = 0;
    queue = [];
    history = emptyHistory();
    curves.forget();
  });
  source.addEventListener("status", (event) => {
    noFailure();
    const before = run.status.status;
    run.status = JSON.parse(event.data);
    curves.offer(run.status.curve_epochs || []);
    if (history.epochs.length) redraws.askFor(byId("roc")); // else they come with the first epochs, after the loss
    if (before && before !== run.status.status) loadDetail();
    drawStatus();
  });
  source.onerror = () => {
    if (source && source.readyState === EventSource.CLOSED) fail("the studio refuses the live events of this run");
    else byId("said").textContent = "the studio does not answer; it is asked again every second";
  };
}

// six streams are all that a browser gives one server: a page that nobody sees lets its own go
function visibility() {
  if (document.hidden && source) {
    source.close();
    source = null;
  } else listen();
}

function take(lines) {
  for (const line of lines) {
    const record = JSON.parse(line);
    const n = history.epochs.length;
    if (n && record.epoch <= history.epochs[n - 1]) continue;
    history.epochs.push(record.epoch);
    for (const [key, value] of flat(record)) {
      if (!history.columns.has(key)) history.columns.set(key, new Array(n).fill(null));
      history.columns.get(key).push(typeof value === "number" ? value : null);
    }
    for (const column of history.columns.values()) if (column.length <= n) column.push(null);
    history.latest = record;
  }
  history.arrivals.push([performance.now(), history.epochs.at(-1) || 0]);
  if (history.arrivals.length > 100) history.arrivals.shift();
}

function* flat(record) {
  for (const [key, value] of Object.entries(record)) {
    if (value && typeof value === "object") for (const [name, item] of Object.entries(value)) yield [`${key}/${name}`, item];
    else if (key !== "epoch") yield [key, value];
  }
}

async function work() {
  try {
    if (queue.length) {
      take(queue.splice(0));
      drawStatus();
      redraws.ask();
      document.documentElement.dataset.epochs = String(history.epochs.length);
    }
    await loadFindings();
  } catch (error) {
    fail(error);
  }
  setTimeout(() => requestAnimationFrame(work), PAUSE);
}

// ---- drawing --------------------------------------------------------------------------------------------------------

function rowsOf(keys, names, positive = false) {
  const rows = [];
  keys.forEach((key, place) => {
    const column = history.columns.get(key) || [];
    const values = positive ? column.map((value) => (value > 0 ? value : null)) : column;
    for (const i of thinned(history.epochs, values)) rows.push({epoch: history.epochs[i], value: values[i], series: names[place]});
  });
  return rows;
}

function bestEpoch() {
  if (run.status.best_epoch) return run.status.best_epoch;
  const column = history.columns.get("validation_loss");
  if (!column || run.status.status !== "running") return 0;
  let best = -1;
  for (let i = 0; i < column.length; i += 1) if (column[i] !== null && (best < 0 || column[i] < column[best])) best = i;
  return best < 0 ? 0 : history.epochs[best];
}

function bestRows() {
  const epoch = bestEpoch();
  return epoch ? [{epoch, label: `best: ${number(epoch)}`, left: epoch > (history.epochs.at(-1) || 0) / 2}] : [];
}

const BOTH = ["training", "validation"];
const ofBoth = (key) => (history.columns.has("validation_" + key) ? BOTH : BOTH.slice(0, 1));

async function drawLoss() {
  if (!history.epochs.length) return;
  charts.loss ??= lineChart(byId("loss-plot"), "loss, nats", ofBoth("loss"));
  await charts.loss.set({rows: rowsOf(["loss", "validation_loss"], BOTH), best: bestRows()});
}

async function drawNorms() {
  if (!history.epochs.length) return;
  byId("norms").hidden = false;
  charts.norms ??= lineChart(byId("norms-plot"), "norm", ["gradient", "weights"], {scale: "log"});
  await charts.norms.set({rows: rowsOf(["gradient_norm", "weight_norm"], ["gradient", "weights"], true)});
}

async function drawLayers() {
  const layers = [...history.columns.keys()].filter((key) => key.startsWith("gradient_norms/") && key.endsWith(".weight")).slice(0, 8);
  if (layers.length < 2) return;
  const names = layers.map((key) => key.split("/")[1].replace(/^layers\.(\d+)\.weight$/, (_, place) => `layer ${Number(place) + 1}`));
  byId("layers").hidden = false;
  charts.layers ??= lineChart(byId("layers-plot"), "norm", names, {scale: "log"});
  await charts.layers.set({rows: rowsOf(layers, names, true)});
}

async function drawMetric() {
  const metrics = [...history.columns.keys()].filter((key) => !PLAIN.has(key) && !key.includes("/") && !key.startsWith("validation_"));
  if (!metrics.length) return;
  const select = byId("metric-name");
  if (!select.options.length) {
    show(select, ...metrics.map((key) => el("option", {value: key}, figureName(key))));
    select.value = metrics.includes("auc") ? "auc" : metrics[0];
    byId("metric").hidden = false;
  }
  const key = select.value;
  charts.metric ??= lineChart(byId("metric-plot"), "", ofBoth(key));
  await charts.metric.set({rows: rowsOf([key, "validation_" + key], BOTH), best: bestRows()});
}

function tile(name, value) {
  return el("div", {class: "tile"}, el("span", {class: "value"}, value), el("span", {class: "name"}, name));
}

// epochs a second, from those that came while this page looked on; before, from the clock of the run
function speed() {
  const [first] = history.arrivals;
  const now = history.arrivals.at(-1);
  if (first && now[0] - first[0] > 1500 && now[1] > first[1]) return (1000 * (now[1] - first[1])) / (now[0] - first[0]);
  const seconds = (Date.now() - new Date(run.status.started).getTime()) / 1000;
  return seconds > 0 && history.epochs.length ? history.epochs.at(-1) / seconds : NaN;
}

function drawStatus() {
  const status = run.status;
  const done = history.epochs.at(-1) || 0;
  const most = status.most_epochs || done;
  const isLive = statusOf(status) === "running";
  show(byId("badge"), badge(status));
  byId("stop").hidden = !isLive;
  byId("progress").max = most || 1;
  byId("progress").value = isLive || statusOf(status) === "abandoned" ? done : most;
  byId("progress").hidden = !isLive;
  const rate = speed();
  const left = isLive && rate > 0 ? `, at most ${duration((most - done) / rate)} left` : "";
  byId("said").textContent = {
    running: `epoch ${number(done)} of at most ${number(most)}${left}`,
    abandoned: `its process is gone after epoch ${number(done)}; continue with: xent train --resume ${id}`,
    damaged: status.damaged || "",
  }[statusOf(status)] ?? `${number(status.n_epochs || done)} epochs${status.stopped_because ? ` (${status.stopped_because})` : ""}`;
  const latest = history.latest || {};
  const tiles = [["training loss, nats", latest.loss], ["validation loss, nats", latest.validation_loss], ["best epoch", bestEpoch() || null], ["gradient norm", latest.gradient_norm]];
  if (isLive && rate > 0) tiles.push(["epochs a second", rate < 10 ? Number(rate.toFixed(2)) : Math.round(rate)]);
  show(byId("tiles"), ...tiles.filter(([, value]) => value !== undefined && value !== null).map(([name, value]) => tile(name, number(value))));
}

// ---- what is asked of the server beside the events ------------------------------------------------------------------

async function loadFindings() {
  const stamp = `${history.epochs.length} ${run.status.status}`;
  const began = performance.now();
  if (stamp === run.findingsStamp || !history.epochs.length || began < run.findingsAfter) return;
  run.findingsStamp = stamp;
  const {findings, warnings} = await api(runApi(id, "/findings"));
  const pause = Math.max(FINDINGS_PAUSE, FINDINGS_REST * (performance.now() - began));
  run.findingsAfter = began + (run.status.status === "running" ? pause : 500);
  show(byId("findings"),
    ...findings.map((found) => el("div", {class: "warning"}, el("strong", {}, found.check), `: ${found.seen}. Cure: ${found.cure}.`)),
    ...warnings.map((text) => el("div", {class: "warning"}, text)));
}

async function loadDetail() {
  try {
    const detail = await api(runApi(id));
    run.detail = detail;
    if (!last && !run.status.status) run.status = detail;
    if (detail.damaged) fail(detail.damaged);
    if (!detail.recipe) return;
    const positive = detail.positive ? `, positive class ${detail.positive}` : "";
    byId("lead").textContent = `${detail.task} of ${targetText(detail.target)}${positive}; ${detail.data}, ${number(detail.n_rows)} rows`;
    const links = [["/predict", "Predict"]].map(([rest, name]) => el("a", {href: runAddress(id, rest)}, name));
    if (detail.can_predict) show(byId("links"), el("a", {href: runApi(id, "/report")}, "Report"), ...links, el("a", {href: `/compare?${new URLSearchParams({a: id})}`}, "Compare"));
    byId("command").textContent = detail.command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
    show(byId("recipe"), table(["setting", "value"], Object.entries(detail.recipe).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]), "Settings"));
    if (detail.verdict) drawVerdict(detail);
  } catch (error) {
    fail(error);
  }
}

function drawVerdict({verdict, baseline}) {
  const parts = Object.entries(verdict.parts);
  const [name, part] = parts.at(-1);
  const others = parts.slice(0, -1);
  const linear = baseline.verdict.parts[name];
  const head = ["", name, "interval", "constant", baseline.name, ...others.map(([other]) => other)];
  const rows = Object.entries(part.figures).map(([key, found]) => [
    figureName(key), figureText(found.value), rangeText(found.low, found.high),
    figureText(found.constant), figureText(linear && linear.figures[key] && linear.figures[key].value), ...others.map(([, other]) => figureText(other.figures[key] && other.figures[key].value)),
  ]);
  rows.unshift(["rows", number(part.n_rows), "", "", "", ...others.map(([, other]) => number(other.n_rows))]);
  show(byId("verdict-table"), table(head, rows, "Verdict"));
  byId("verdict").hidden = false;
}

byId("name").textContent = id;
document.title = `${id} - xent studio`;
for (const name of ["metric", "roc"]) byId(name).addEventListener("change", () => redraws.askFor(byId(name)));
byId("stop").addEventListener("click", async () => {
  byId("stop").disabled = true;
  try {
    await postJson(runApi(id, "/stop"), {});
    byId("said").textContent = "it stops after this batch";
  } catch (error) {
    byId("stop").disabled = false;
    fail(error);
  }
});
document.addEventListener("visibilitychange", visibility);
redraws.add(byId("loss-plot"), drawLoss);
redraws.add(byId("metric"), drawMetric);
redraws.add(byId("roc"), () => curves.draw());
redraws.add(byId("norms"), drawNorms);
redraws.add(byId("layers"), drawLayers);
loadDetail();
listen();
work();
