// What every page needs: elements made of text, questions to the API, numbers and words as they are shown.

// children that are strings become text, never HTML
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node && key !== "list" && typeof value !== "string") node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined).map((child) => (child instanceof Node ? child : String(child))));
  return node;
}

export const byId = (id) => document.getElementById(id);

export function show(node, ...children) {
  node.replaceChildren(...children);
}

export class ApiError extends Error {
  constructor(status, answer) {
    super(answer.error || `the server answered ${status}`);
    this.status = status;
    this.answer = answer;
  }
}

export async function api(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new ApiError(0, {error: "the studio does not answer: is it still running?"});
  }
  const answer = await response.json().catch(() => ({error: `the server answered ${response.status}`}));
  if (!response.ok) throw new ApiError(response.status, answer);
  return answer;
}

export const postJson = (path, content) =>
  api(path, {method: "POST", headers: {"content-type": "application/json"}, body: JSON.stringify(content)});

export const runAddress = (id, rest = "") => `/runs/${encodeURIComponent(id)}${rest}`;
export const runApi = (id, rest = "") => `/api/runs/${encodeURIComponent(id)}${rest}`;

// the name of the run in this page's address
export function runOfPage() {
  try {
    return decodeURIComponent(location.pathname.split("/")[2]);
  } catch {
    return location.pathname.split("/")[2];
  }
}

const NAMES = {
  log_loss: "log loss", auc: "AUC", f1: "F1", fpr: "FPR", brier: "Brier", rmse: "RMSE", mae: "MAE", r2: "R²", nll: "NLL", mcc: "MCC",
  auprc: "AUPRC", loss: "loss", hamming_loss: "Hamming loss", brier_score: "Brier", macro_f1: "macro F1", macro_auc: "macro AUC",
};
export const figureName = (key) => NAMES[key] || key.replaceAll("_", " ");

export function number(value, digits = 4) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return value === "inf" ? "∞" : value === "-inf" ? "−∞" : String(value);
  if (!Number.isFinite(value)) return "–";
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return value.toLocaleString("en");
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2);
  return size >= 100 ? value.toFixed(1) : value.toFixed(digits);
}

// a figure among others: as many digits as they have, also where it is 0 or 1
export function figureText(value, digits = 4) {
  if (typeof value !== "number" || !Number.isFinite(value)) return number(value);
  const size = Math.abs(value);
  return size === 0 || (size >= 0.5 * 10 ** -digits && size < 100) ? value.toFixed(digits) : number(value);
}

export const rangeText = (low, high, digits) => (typeof low === "number" && typeof high === "number" ? `${figureText(low, digits)} to ${figureText(high, digits)}` : "");

export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 1) return "under 1 s";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

export function when(iso) {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleString("en-GB", {dateStyle: "medium", timeStyle: "short"});
}

export const targetText = (target) => (Array.isArray(target) ? target.join(", ") : target || "");

export function statusOf(run) {
  if (run.status === "running") return run.is_alive ? "running" : "abandoned";
  return run.status;
}

export const badge = (run) => el("span", {class: `badge ${statusOf(run)}`}, statusOf(run));

// a table that scrolls by itself; the first column names the row
export function table(head, rows, label) {
  const cell = (kind, value, place) => el(kind, {class: place ? "number" : "text", scope: kind === "th" ? (place ? "col" : "row") : null}, value);
  return el("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": label},
    el("table", {},
      el("thead", {}, el("tr", {}, ...head.map((name, place) => el("th", {scope: "col", class: place ? "number" : "text"}, name)))),
      el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((value, place) => cell(place ? "td" : "th", value, place)))))));
}

export function fail(error) {
  const place = byId("alert");
  show(place, error instanceof Error ? error.message : String(error));
  place.hidden = false;
  if (!(error instanceof ApiError)) console.error(error);
}

export function noFailure() {
  byId("alert").hidden = true;
}
