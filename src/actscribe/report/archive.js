"use strict";
// Only the rows that are looked at are in the page: a hundred thousand would take a browser minutes.
(() => {
  const PAGE = 25;
  const get = (id) => document.getElementById(id);
  const { ids, names, labels, formats, first, rows } = JSON.parse(get("data").textContent);
  // Review, where it serves this page, says which recordings it can open.
  const known = new Set(get("rows").dataset.review.split(" ").filter(Boolean));
  const body = document.querySelector("#rows tbody");
  const missing = "–";
  const clock = (value) => {
    const tenths = Math.round(value * 10);
    const minutes = Math.floor(tenths / 600), hours = Math.floor(minutes / 60);
    const seconds = String(Math.floor((tenths % 600) / 10)).padStart(2, "0") + "." + (tenths % 10);
    return hours ? `${hours}:${String(minutes % 60).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
  };
  const grouped = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  const write = {
    name: (value) => names[value],
    label: (value) => labels[value],
    text: (value) => value,
    clock,
    count: grouped,
    percent: (value) => `${(100 * value).toFixed(value > 0 && value < 0.01 ? 1 : 0)}\u202f%`,
    number: (value) => value.toFixed(2),
  };
  const isText = (column) => ["name", "label", "text"].includes(formats[column]);
  const cell = (row, column) => {
    const value = row[column];
    return (value === null ? "" : write[formats[column]](value)) || missing;
  };
  /** The moment that a cell is about: the beginning of its video, or of the first bout. */
  const moment = (row, column) => {
    if (!known.has(ids[row[0]])) return null;
    return column === 0 ? 0 : column === first ? row[first] : null;
  };
  const link = (text, id, at) => {
    const made = document.createElement("a");
    made.href = `/#${id}@${Math.ceil(at * 1000 - 1e-3) / 1000}`;
    made.textContent = text;
    return made;
  };
  let shown = rows.map((_, index) => index), page = 0, sorted = -1, falling = false;

  const draw = () => {
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    page = Math.min(Math.max(page, 0), pages - 1);
    const made = shown.slice(page * PAGE, (page + 1) * PAGE).map((index) => {
      const line = document.createElement("tr");
      formats.forEach((_, column) => {
        const one = line.insertCell();
        const [row, text] = [rows[index], cell(rows[index], column)];
        const at = moment(row, column);
        one.append(at === null ? text : link(text, ids[row[0]], at));
        if (isText(column)) one.className = "words";
      });
      return line;
    });
    body.replaceChildren(...made);
    const from = shown.length ? page * PAGE + 1 : 0, to = Math.min(shown.length, (page + 1) * PAGE);
    get("range").textContent = `${grouped(from)}–${grouped(to)} of ${grouped(shown.length)} rows`;
    get("first").disabled = get("back").disabled = page === 0;
    get("next").disabled = get("last").disabled = page === pages - 1;
  };
  const order = () => {
    if (sorted < 0) return;
    const sign = falling ? -1 : 1;
    const keyed = isText(sorted) ? (index) => cell(rows[index], sorted) : (index) => rows[index][sorted];
    shown.sort((a, b) => {
      const x = keyed(a), y = keyed(b);
      if (x === null || y === null) return (x === null) - (y === null) || a - b;
      return sign * (x < y ? -1 : x > y ? 1 : 0) || a - b;
    });
  };
  const find = () => {
    const wanted = get("find").value.trim().toLowerCase();
    const texts = formats.map((_, column) => column).filter(isText);
    shown = rows.map((_, index) => index);
    if (wanted) shown = shown.filter((index) => texts.some((column) => cell(rows[index], column).toLowerCase().includes(wanted)));
    order();
    page = 0;
    draw();
  };
  let waiting;
  get("find").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(find, 150);
  });
  get("controls").addEventListener("submit", (event) => event.preventDefault());
  for (const [id, move] of [["first", () => 0], ["back", () => page - 1], ["next", () => page + 1], ["last", () => Infinity]])
    get(id).addEventListener("click", () => {
      page = move();
      draw();
    });
  document.querySelectorAll("#rows th button").forEach((button) => {
    button.addEventListener("click", () => {
      const column = Number(button.dataset.column);
      falling = column === sorted ? !falling : !isText(column);
      sorted = column;
      document.querySelectorAll("#rows th").forEach((head, index) => {
        if (index === column) head.setAttribute("aria-sort", falling ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      });
      order();
      page = 0;
      draw();
    });
  });
  draw();
})();
