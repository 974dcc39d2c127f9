// One run, live: its epochs come as events, wait in a queue, and are drawn a few times a second.
import {api, badge, byId, duration, el, fail, figureName, figureText, noFailure, number, postJson, rangeText, runAddress, runApi, runOfPage, show, statusOf, table, targetText} from "/assets/shared.js";
import {lineChart, thinned} from "/assets/charts.js";
import {CurveViews} from "/assets/curves.js";

const id = runOfPage();
const PLAIN = new Set(["epoch", "learning_rate", "penalty", "gradient_norm", "weight_norm", "gradient_norms", "weight_norms", "loss", "validation_loss"]);
// milliseconds between two drawings; a slow one makes the pause longer, so that the page stays under a core
const PAUSE = 200;
const LONGEST_PAUSE = 1000;

const run = {status: {}, detail: null, best: 0, findingsAt: 0};
let history = emptyHistory();
let queue = [];
let source = null;
let last = 0;
const charts = {};
const curves = new CurveViews(id);

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
  const began = performance.now();
  try {
    if (queue.length) {
      const lines = queue;
      queue = [];
      take(lines);
      await drawEpochs();
      drawStatus();
      document.documentElement.dataset.epochs = String(history.epochs.length);
    }
    await curves.draw();
    await loadFindings();
  } catch (error) {
    fail(error);
  }
  const spent = performance.now() - began;
  setTimeout(() => requestAnimationFrame(work), Math.min(LONGEST_PAUSE, Math.max(queue.length ? PAUSE : PAUSE / 2, 3 * spent)));
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

async function drawEpochs() {
  const known = [...history.columns.keys()];
  const both = ["training", "validation"];
  charts.loss ??= lineChart(byId("loss-plot"), "loss, nats", known.includes("validation_loss") ? both : both.slice(0, 1));
  await charts.loss.set({rows: rowsOf(["loss", "validation_loss"], both), best: bestRows()});
  await drawMetric(known, both);
  const norms = ["gradient_norm", "weight_norm"];
  byId("norms").hidden = false;
  charts.norms ??= lineChart(byId("norms-plot"), "norm", ["gradient", "weights"], {scale: "log"});
  await charts.norms.set({rows: rowsOf(norms, ["gradient", "weights"], true)});
  const layers = known.filter((key) => key.startsWith("gradient_norms/") && key.endsWith(".weight")).slice(0, 8);
  if (layers.length > 1) {
    const names = layers.map((key) => key.split("/")[1].replace(/^layers\.(\d+)\.weight$/, (_, place) => `layer ${Number(place) + 1}`));
    byId("layers").hidden = false;
    charts.layers ??= lineChart(byId("layers-plot"), "norm", names, {scale: "log"});
    await charts.layers.set({rows: rowsOf(layers, names, true)});
  }
}

async function drawMetric(known, both) {
  const metrics = known.filter((key) => !PLAIN.has(key) && !key.includes("/") && !key.startsWith("validation_"));
  if (!metrics.length) return;
  const select = byId("metric-name");
  if (!select.options.length) {
    show(select, ...metrics.map((key) => el("option", {value: key}, figureName(key))));
    select.value = metrics.includes("auc") ? "auc" : metrics[0];
    byId("metric").hidden = false;
  }
  const key = select.value;
  charts.metric ??= lineChart(byId("metric-plot"), "", known.includes("validation_" + key) ? both : both.slice(0, 1));
  await charts.metric.set({rows: rowsOf([key, "validation_" + key], both), best: bestRows()});
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
  const isOver = run.status.status !== "running";
  if (stamp === run.findingsStamp || !history.epochs.length || performance.now() - run.findingsAt < (isOver ? 500 : 3000)) return;
  run.findingsAt = performance.now();
  run.findingsStamp = stamp;
  const {findings, warnings} = await api(runApi(id, "/findings"));
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
byId("metric-name").addEventListener("change", () => drawEpochs().catch(fail));
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
loadDetail();
listen();
work();
