// Two runs: their curves over each other, and the test paired by row.
import {ApiError, api, byId, el, fail, figureName, figureText, noFailure, number, postJson, rangeText, runApi, show, table} from "/assets/shared.js";
import {lineChart, rocChart, thinned} from "/assets/charts.js";

const pair = {a: null, b: null};
let asked = 0;
let charts = {};

async function choices() {
  const {runs} = await api("/api/runs");
  const whole = runs.filter((run) => !run.damaged);
  const given = new URLSearchParams(location.search);
  for (const side of ["a", "b"]) {
    show(byId(side), ...whole.map((run) => el("option", {value: run.id}, `${run.id} (${run.data}, ${run.status})`)));
    if (whole.some((run) => run.id === given.get(side))) byId(side).value = given.get(side);
  }
  if (whole.length < 2) throw new Error("two runs are needed to compare");
  // the other side: the newest run of the same data
  if (!given.get("b")) {
    const first = whole.find((run) => run.id === byId("a").value);
    const other = whole.find((run) => run !== first && run.data === first.data && run.task === first.task) || whole.find((run) => run !== first);
    byId("b").value = other.id;
  }
}

async function load() {
  const mine = (asked += 1);
  noFailure();
  const names = {a: byId("a").value, b: byId("b").value};
  window.history.replaceState(null, "", `?${new URLSearchParams(names)}`);
  show(byId("figures"));
  byId("said").textContent = "comparing …";
  delete document.documentElement.dataset.ready;
  for (const side of ["a", "b"]) {
    const id = names[side];
    const [detail, history] = await Promise.all([api(runApi(id)), api(runApi(id, "/history"))]);
    const last = (detail.curve_epochs || []).at(-1);
    const curves = last ? (await api(runApi(id, `/curves/${last}`)).catch(() => ({curves: []}))).curves : [];
    if (mine !== asked) return;
    pair[side] = {id, detail, records: history.records, curves};
  }
  charts = {};
  offerFigures();
  await drawHistory();
  await drawRoc();
  drawSettings();
  await drawTest(mine, names);
  document.documentElement.dataset.ready = "true";
}

const numeric = (records) => (records.length ? Object.keys(records.at(-1)).filter((key) => typeof records.at(-1)[key] === "number" && key !== "epoch") : []);

function offerFigures() {
  const theirs = new Set(numeric(pair.b.records));
  const shared = numeric(pair.a.records).filter((key) => theirs.has(key));
  const select = byId("figure");
  const before = select.value;
  const words = (key) => (key.startsWith("validation_") ? `${figureName(key.slice(11))}, validation` : key.endsWith("norm") || key === "learning_rate" || key === "penalty" ? figureName(key) : `${figureName(key)}, training`);
  show(select, ...shared.map((key) => el("option", {value: key}, words(key))));
  select.value = shared.includes(before) ? before : shared.includes("validation_loss") ? "validation_loss" : shared[0] || "";
}

async function drawHistory() {
  const key = byId("figure").value;
  if (!key) return;
  const rows = [];
  for (const side of ["a", "b"]) {
    const epochs = pair[side].records.map((record) => record.epoch);
    const values = pair[side].records.map((record) => (typeof record[key] === "number" ? record[key] : null));
    for (const i of thinned(epochs, values)) rows.push({epoch: epochs[i], value: values[i], series: side});
  }
  charts.history ??= lineChart(byId("history-plot"), "", ["a", "b"]);
  await charts.history.set({rows});
}

async function drawRoc() {
  const theirs = new Set(pair.b.curves.map((curve) => curve.class));
  const names = pair.a.curves.map((curve) => curve.class).filter((name) => theirs.has(name));
  byId("roc").hidden = !names.length;
  if (!names.length) return;
  const select = byId("class");
  const before = select.value;
  show(select, ...names.map((name) => el("option", {value: name}, name)));
  select.value = names.includes(before) ? before : names[0];
  select.hidden = names.length < 2;
  const rows = [];
  for (const side of ["a", "b"]) {
    const {roc} = pair[side].curves.find((curve) => curve.class === select.value);
    roc.fpr.forEach((fpr, i) => rows.push({fpr, tpr: roc.tpr[i], i, series: side, key: side}));
  }
  charts.roc ??= rocChart(byId("roc-plot"), {field: "series", type: "nominal", title: null, scale: {domain: ["a", "b"], range: ["@hue1", "@hue2"]}});
  await charts.roc.set({rows});
}

function drawSettings() {
  const [a, b] = ["a", "b"].map((side) => pair[side].detail.recipe || {});
  const text = (value) => (value === undefined ? "–" : typeof value === "string" ? value : JSON.stringify(value));
  const rows = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((key) => text(a[key]) !== text(b[key])).map((key) => [key, text(a[key]), text(b[key])]);
  byId("settings").hidden = !rows.length;
  show(byId("settings-table"), table(["setting", "a", "b"], rows, "Settings that differ"));
}

async function drawTest(mine, names) {
  let result;
  try {
    result = await postJson("/api/compare", names);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (mine === asked) byId("said").textContent = error.message;
    return;
  }
  if (mine !== asked) return;
  const left = result.n_left_out ? `; ${number(result.n_left_out)} test rows of one are not in the other's` : "";
  byId("said").textContent = `On ${number(result.n_rows)} test rows of both, paired by row; p-values, and with them what is better, are adjusted for the number of figures; intervals are not${left}.`;
  const rows = Object.entries(result.figures).map(([key, {a, b, difference, adjusted_p_value: p, better}]) => [
    figureName(key), figureText(a), figureText(b), figureText(difference.value), rangeText(difference.low, difference.high) || "–", p === null ? "–" : p < 0.001 ? "< 0.001" : p.toFixed(3), better || "not clear",
  ]);
  show(byId("figures"), table(["figure", "a", "b", "b − a", "interval", "p", "better"], rows, "Paired test"));
}

for (const side of ["a", "b"]) byId(side).addEventListener("change", () => load().catch(fail));
byId("figure").addEventListener("change", () => drawHistory().catch(fail));
byId("class").addEventListener("change", () => drawRoc().catch(fail));
choices().then(load).catch(fail);
