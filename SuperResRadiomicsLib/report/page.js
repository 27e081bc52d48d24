"use strict";

/* Tables: a click on a title sorts; a feature is a tbody of its own, so that its reasons stay below it. */
function sortTable(cell) {
  const table = cell.closest("table"), column = cell.cellIndex;
  const rising = cell.getAttribute("aria-sort") !== "ascending";
  for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
  cell.setAttribute("aria-sort", rising ? "ascending" : "descending");
  const grouped = table.tBodies.length > 1;
  const items = grouped ? [...table.tBodies] : [...table.tBodies[0].rows];
  const key = item => {
    const found = (grouped ? item.rows[0] : item).cells[column];
    const value = found.dataset.value;
    if (value === undefined) return found.textContent.trim();
    return value === "" ? NaN : Number(value);
  };
  const compare = (a, b) => {
    if (typeof a !== "number" || typeof b !== "number") return String(a).localeCompare(String(b));
    if (Number.isNaN(a) || Number.isNaN(b)) return 0;
    return a - b;
  };
  const unknown = a => a.key === "" || Number.isNaN(a.key);
  const keyed = items.map(item => ({item, key: key(item)}));
  keyed.sort((a, b) => unknown(a) || unknown(b) ? unknown(a) - unknown(b) : (rising ? 1 : -1) * compare(a.key, b.key));
  (grouped ? table : table.tBodies[0]).append(...keyed.map(each => each.item));
}

for (const title of document.querySelectorAll("table.sortable thead th")) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...title.childNodes);
  title.append(button);
  button.addEventListener("click", () => sortTable(title));
}

/* Filters: a text, and one choice for each select, against the attributes of the rows. */
for (const tools of document.querySelectorAll(".tools[data-table]")) {
  const table = document.getElementById(tools.dataset.table);
  const items = () => table.tBodies.length > 1 ? [...table.tBodies] : [...table.tBodies[0].rows];
  const count = tools.querySelector("output");
  const show = () => {
    const text = tools.querySelector("input[type=search]").value.trim().toLowerCase();
    let shown = 0;
    for (const item of items()) {
      let fits = (item.textContent + " " + (item.dataset.key || "")).toLowerCase().includes(text);
      for (const select of tools.querySelectorAll("select")) {
        fits = fits && (select.value === "" || item.dataset[select.name] === select.value);
      }
      item.hidden = !fits;
      shown += fits;
    }
    count.textContent = shown + " of " + items().length + " shown";
  };
  tools.hidden = false;
  tools.addEventListener("input", show);
  tools.addEventListener("reset", () => setTimeout(show));
  tools.addEventListener("submit", event => event.preventDefault());
  show();
}

/* Flicker: two images in one place; without a script they stand side by side. */
for (const pair of document.querySelectorAll("[data-flicker]")) {
  const [first, second] = pair.querySelectorAll("figure");
  const swap = document.createElement("button"), play = document.createElement("button");
  let timer = null;
  const toggle = () => { first.hidden = !first.hidden; second.hidden = !second.hidden; tell(); };
  const tell = () => {
    const other = first.hidden ? first : second;
    swap.textContent = "Show " + other.dataset.name;
    play.textContent = timer ? "Stop" : "Flicker";
    play.setAttribute("aria-pressed", String(timer !== null));
  };
  for (const button of [swap, play]) { button.type = "button"; button.className = "plain"; }
  swap.addEventListener("click", toggle);
  play.addEventListener("click", () => {
    timer = timer ? clearInterval(timer) || null : setInterval(toggle, 700);
    tell();
  });
  const bar = document.createElement("div");
  bar.className = "tools";
  bar.append(swap, play);
  pair.append(bar);
  second.hidden = true;
  pair.classList.add("one-place");
  tell();
  addEventListener("beforeprint", () => { first.hidden = second.hidden = false; pair.classList.remove("one-place"); });
  addEventListener("afterprint", () => { second.hidden = true; pair.classList.add("one-place"); tell(); });
}

/* On paper everything is open. */
addEventListener("beforeprint", () => { for (const each of document.querySelectorAll("details")) each.open = true; });
