// Predictions: one row from a form made of the model's columns, or a CSV file.
import {ApiError, api, byId, el, fail, noFailure, number, postJson, runAddress, runApi, runOfPage, show, table, targetText} from "/assets/shared.js";

const id = runOfPage();
const SHOWN = 100;
let columns = [];
let saved = null;

function field(column, place) {
  const shared = {id: `cell-${place}`, name: `cell-${place}`, autocomplete: "off"};
  if (column.kind === "boolean") return el("select", shared, ...["", "true", "false"].map((value) => el("option", {value}, value || "(missing)")));
  if (column.kind === "category") {
    const list = el("datalist", {id: `list-${place}`}, ...column.categories.slice(0, 500).map((value) => el("option", {value})));
    return el("span", {}, el("input", {...shared, type: "text", list: list.id}), list);
  }
  return el("input", {...shared, type: "text", inputmode: "decimal"});
}

function form(run) {
  columns = run.columns;
  show(byId("cells"), ...columns.map((column, place) => el("label", {}, column.name, field(column, place))));
}

const cell = (place) => byId(`cell-${place}`);

// text that is no number goes to the server as it is, which names the column
function valueOf(column, text) {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  if (column.kind === "boolean") return trimmed === "true";
  if (column.kind === "category") return trimmed;
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(trimmed) ? Number(trimmed) : trimmed;
}

async function predictRow(event) {
  event.preventDefault();
  noFailure();
  for (const label of byId("cells").children) label.classList.remove("wrong");
  const row = Object.fromEntries(columns.map((column, place) => [column.name, valueOf(column, cell(place).value)]));
  try {
    drawResult(await postJson(runApi(id, "/predict"), [row]));
  } catch (error) {
    byId("result").hidden = true;
    const place = error instanceof ApiError ? columns.findIndex((column) => column.name === error.answer.column) : -1;
    if (place >= 0) {
      byId("cells").children[place].classList.add("wrong");
      cell(place).focus();
    }
    fail(error);
  }
}

const decisionText = (decision) => {
  if (decision === null) return "no decision: left to somebody else";
  if (typeof decision === "object") return Object.entries(decision).filter(([, on]) => on).map(([name]) => name).join(", ") || "none of the labels";
  return typeof decision === "number" && !Number.isInteger(decision) ? number(decision) : String(decision);
};

function drawResult({threshold, positive, predictions: [found]}) {
  const shares = Object.entries(found.probabilities || {}).map(([name, p]) => {
    const fill = el("div", {class: "fill"});
    fill.style.width = `${100 * p}%`;
    const track = el("div", {class: "track"}, fill);
    if (threshold !== null && (name === positive || positive === null)) {
      const mark = el("div", {class: "mark", title: `threshold ${number(threshold)}`});
      mark.style.left = `${100 * threshold}%`;
      track.append(mark);
    }
    return [el("span", {}, name), track, el("span", {class: "number"}, number(p))];
  });
  const note = threshold === null ? null : el("p", {class: "note"}, positive === null ? `A label is given from probability ${number(threshold)} on.` : `${positive} is decided from probability ${number(threshold)} on.`);
  show(byId("result"), el("span", {class: "value"}, decisionText(found.decision)), el("div", {class: "shares"}, ...shares.flat()), ...(note ? [note] : []));
  byId("result").hidden = false;
}

async function predictFile() {
  const [file] = byId("file").files;
  if (!file) return;
  noFailure();
  byId("save").hidden = true;
  show(byId("table"));
  byId("said").textContent = "predicting …";
  try {
    const answer = await api(runApi(id, "/predict"), {method: "POST", headers: {"content-type": "text/csv"}, body: file});
    drawTable(answer.predictions);
  } catch (error) {
    byId("said").textContent = "";
    fail(error);
  }
}

function drawTable(predictions) {
  const names = Object.keys(predictions[0].probabilities || {});
  const head = ["row", "decision", ...names.map((name) => `p ${name}`)];
  const rows = predictions.map((found, place) => [String(place), decisionText(found.decision), ...names.map((name) => found.probabilities[name])]);
  byId("said").textContent = `${number(rows.length)} rows predicted${rows.length > SHOWN ? `; the first ${SHOWN} are shown` : ""}`;
  show(byId("table"), table(head, rows.slice(0, SHOWN).map((row) => row.map((value) => (typeof value === "number" ? number(value) : value))), "Predictions"));
  const quoted = (value) => (/[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  // a spreadsheet would run a text that begins like a formula
  const safe = (value) => (typeof value === "number" ? String(value) : quoted(/^([=+@\t\r]|-(?!\d))/.test(value) ? `'${value}` : value));
  saved = [head, ...rows].map((row) => row.map(safe).join(",")).join("\n") + "\n";
  byId("save").hidden = false;
}

byId("form").addEventListener("submit", predictRow);
byId("form").addEventListener("reset", () => {
  byId("result").hidden = true;
  noFailure();
});
byId("typical").addEventListener("click", () => {
  columns.forEach((column, place) => {
    if (column.kind === "boolean") cell(place).value = column.typical >= 0.5 ? "true" : "false";
    else cell(place).value = column.kind === "category" ? column.categories[0] || "" : String(Number(column.typical.toPrecision(6)));
  });
});
byId("file").addEventListener("change", predictFile);
byId("save").addEventListener("click", () => {
  const link = el("a", {href: URL.createObjectURL(new Blob([saved], {type: "text/csv"})), download: "predictions.csv"});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});

byId("run").textContent = id;
byId("run").setAttribute("href", runAddress(id));
document.title = `Predict, ${id} - xent studio`;
api(runApi(id)).then((run) => {
  if (run.damaged) throw new ApiError(0, {error: run.damaged});
  if (!run.can_predict) throw new ApiError(0, {error: "this run is not finished: it has no model yet"});
  if (run.images) throw new ApiError(0, {error: `this run learned from images; predict them with: xent predict <the run's folder> images/`});
  byId("what").textContent = `: ${targetText(run.target)} (${run.task})`;
  form(run);
  document.documentElement.dataset.ready = "true";
}).catch(fail);
