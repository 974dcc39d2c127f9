// The list of runs: sorted by any column, filtered by text, status and figure, brought up to date by itself.
import {api, badge, byId, el, fail, figureName, figureText, noFailure, number, rangeText, runAddress, show, statusOf, targetText, when} from "/assets/shared.js";

const COMMON = ["log_loss", "auc", "accuracy", "rmse"];
const state = {runs: [], key: "started", way: -1, chosen: new Set(), timer: 0};

const COLUMNS = {
  id: ["Run", (run) => run.id, "text"], data: ["Data", (run) => run.data, "text"], task: ["Task", (run) => run.task, "text"],
  status: ["Status", (run) => statusOf(run), "text"], started: ["Started", (run) => run.started, "text"], epochs: ["Epochs", (run) => run.n_epochs, "number"],
};

const valueOf = (run, figure) => {
  const found = run.figures && run.figures[figure];
  return found && typeof found.value === "number" ? found.value : null;
};

function figures() {
  const known = new Set(state.runs.flatMap((run) => Object.keys(run.figures || {})));
  const chosen = byId("figure").value;
  const shown = COMMON.filter((key) => known.has(key));
  if (chosen && !shown.includes(chosen)) shown.push(chosen);
  return {known: [...known], shown};
}

function columns() {
  const own = {...COLUMNS};
  for (const key of figures().shown) own["figure " + key] = [figureName(key), (run) => valueOf(run, key), "number"];
  return own;
}

function passes(run) {
  const words = byId("text").value.toLowerCase().split(/\s+/).filter(Boolean);
  const text = [run.id, run.data, run.task, targetText(run.target), run.status].join(" ").toLowerCase();
  if (!words.every((word) => text.includes(word))) return false;
  if (byId("status").value && statusOf(run) !== byId("status").value) return false;
  const figure = byId("figure").value;
  if (!figure) return true;
  const value = valueOf(run, figure);
  const bound = byId("bound").value;
  if (value === null) return false;
  return bound === "" || (value - Number(bound)) * Number(byId("way").value) >= 0;
}

// what has no value comes last, whichever way
function order(a, b) {
  const of = (columns()[state.key] || COLUMNS.started)[1];
  const [x, y] = [of(a), of(b)];
  const empty = (value) => value === null || value === undefined || value === "";
  if (empty(x) || empty(y)) return empty(x) - empty(y);
  return state.way * (typeof x === "number" ? x - y : String(x).localeCompare(String(y)));
}

function head() {
  const cells = Object.entries(columns()).map(([key, [name, , kind]]) => {
    const on = key === state.key;
    const sort = () => {
      state.way = on ? -state.way : kind === "text" && key !== "started" ? 1 : -1;
      state.key = key;
      draw();
    };
    return el("th", {scope: "col", class: kind, "aria-sort": on ? (state.way > 0 ? "ascending" : "descending") : null},
      el("button", {type: "button", class: "sort", onclick: sort}, name, el("span", {"aria-hidden": "true"}, on ? (state.way > 0 ? " ↑" : " ↓") : "")));
  });
  return el("tr", {}, el("th", {scope: "col"}, el("span", {class: "unseen"}, "Compare")), ...cells);
}

function line(run) {
  const pick = el("input", {type: "checkbox", "aria-label": `choose ${run.id}`, checked: state.chosen.has(run.id), disabled: !run.part});
  pick.addEventListener("change", () => {
    if (pick.checked) state.chosen.add(run.id);
    else state.chosen.delete(run.id);
    byId("compare").disabled = state.chosen.size !== 2;
  });
  const name = el("th", {scope: "row", class: "text name"}, el("a", {href: runAddress(run.id)}, run.id));
  if (run.damaged) return el("tr", {class: "broken"}, el("td", {}, pick), name, el("td", {class: "text", colSpan: Object.keys(columns()).length - 1}, badge(run), " ", run.damaged));
  const what = targetText(run.target);
  const cells = [
    el("td", {class: "text"}, run.data, what ? el("span", {class: "soft"}, ` → ${what}`) : null),
    el("td", {class: "text"}, run.task), el("td", {class: "text"}, badge(run)),
    el("td", {class: "text nowrap"}, when(run.started)),
    el("td", {class: "number"}, run.status === "running" ? `${number(run.n_epochs)} / ${number(run.most_epochs)}` : number(run.n_epochs)),
    ...figures().shown.map((key) => el("td", {class: "number"}, interval(run.figures[key]))),
  ];
  return el("tr", {}, el("td", {}, pick), name, ...cells);
}

function interval(found) {
  if (!found || typeof found.value !== "number") return el("span", {class: "soft"}, found && found.value === "inf" ? "∞" : "–");
  const whole = rangeText(found.low, found.high);
  if (!whole) return figureText(found.value);
  return el("span", {title: whole}, figureText(found.value), " ", el("span", {class: "interval"}, rangeText(found.low, found.high, 3)));
}

function draw() {
  const known = figures().known;
  const select = byId("figure");
  if (select.options.length !== known.length + 1) {
    const before = select.value;
    show(select, el("option", {value: ""}, "any"), ...known.map((key) => el("option", {value: key}, figureName(key))));
    select.value = before;
  }
  const shown = state.runs.filter(passes).sort(order);
  const focused = document.activeElement;
  const place = focused && focused.closest("thead") ? [...document.querySelectorAll("button.sort")].indexOf(focused) : -1;
  show(document.querySelector("#runs thead"), head());
  show(document.querySelector("#runs tbody"), ...shown.map(line));
  if (place >= 0) document.querySelectorAll("button.sort")[place].focus();
  byId("count").textContent = `${number(shown.length)} of ${number(state.runs.length)} runs`;
  byId("none").hidden = state.runs.length > 0;
}

async function load() {
  clearTimeout(state.timer);
  if (document.hidden) return;
  try {
    const {folder, runs} = await api("/api/runs");
    document.title = `${folder} - xent studio`;
    const changed = JSON.stringify(runs) !== JSON.stringify(state.runs);
    state.runs = runs;
    noFailure();
    if (changed || !document.documentElement.dataset.ready) draw();
    document.documentElement.dataset.ready = "true";
  } catch (error) {
    fail(error);
  }
  state.timer = setTimeout(load, state.runs.some((run) => run.status === "running") ? 2000 : 8000);
}

byId("filters").addEventListener("input", draw);
byId("filters").addEventListener("submit", (event) => event.preventDefault());
byId("compare").addEventListener("click", () => {
  const [a, b] = [...state.chosen];
  location.assign(`/compare?${new URLSearchParams({a, b})}`);
});
document.addEventListener("visibilitychange", load);
load();
