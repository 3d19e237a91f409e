// Sorting, filtering and details of cells. Without this script the table shows everything.
(() => {
  const form = document.querySelector(".filters");
  const shown = form.querySelector(".shown");
  const table = document.querySelector(".matrix table");
  const head = table.tHead.rows[0];
  const body = table.tBodies[0];
  const dialog = document.querySelector("dialog");
  const names = [...head.cells].slice(2).map((cell) => cell.dataset.name);
  const groups = [...body.querySelectorAll(".group")];
  const rows = [...body.querySelectorAll("tr[data-id]")].map((element) => ({
    element,
    id: element.dataset.id,
    level: element.dataset.level,
    index: +element.dataset.index,
    failures: +element.dataset.failures,
    text: element.cells[0].textContent.toLowerCase(),
    // As the page has them: the order of the columns may change.
    cells: [...element.cells].slice(2),
  }));
  let by = null;

  function filter() {
    const data = new FormData(form);
    const words = data.get("search").toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const matches = (!data.get("level") || row.level === data.get("level"))
        && (!data.get("failing") || row.failures > 0)
        && words.every((word) => row.text.includes(word));
      row.element.hidden = !matches;
      count += matches;
    }
    // The heading of a task needs a row, and the order of the specification.
    const filled = new Set(rows.filter((row) => !row.element.hidden).map((row) => row.element.dataset.group));
    for (const group of groups) group.hidden = isSorted() || !filled.has(group.dataset.group);
    shown.textContent = `${count} of ${rows.length} requirement${rows.length === 1 ? "" : "s"}`;
    rove();
  }

  const isSorted = () => by !== null || form.elements.order.value === "failures";

  function sortRows() {
    const rank = (row) => (by === null ? 0 : +row.cells[by].dataset.rank);
    const often = (row) => (form.elements.order.value === "failures" ? -row.failures : 0);
    const sorted = rows.toSorted((a, b) => rank(a) - rank(b) || often(a) - often(b) || a.index - b.index);
    const heading = new Map(groups.map((group) => [group.dataset.group, group]));
    body.append(...sorted.flatMap((row) => {
      const group = heading.get(row.element.dataset.group);
      heading.delete(row.element.dataset.group);
      return group ? [group, row.element] : [row.element];
    }));
    for (const group of groups) group.hidden = isSorted();
    for (const cell of head.querySelectorAll("[data-index]")) {
      if (+cell.dataset.index === by) cell.setAttribute("aria-sort", "other");
      else cell.removeAttribute("aria-sort");
    }
  }

  function sortColumns() {
    const heads = [...head.cells].slice(2).sort((a, b) => a.dataset.index - b.dataset.index);
    const order = heads.map((_, index) => index);
    if (form.elements.columns.value === "name") order.sort((a, b) => names[a].localeCompare(names[b], undefined, { numeric: true }));
    if (form.elements.columns.value === "held") order.sort((a, b) => heads[b].dataset.held - heads[a].dataset.held || a - b);
    head.append(...order.map((index) => heads[index]));
    for (const row of rows) row.element.append(...order.map((index) => row.cells[index]));
  }

  const read = new Map();
  const evidence = document.querySelectorAll(".evidence");
  function steps(column) {
    if (!read.has(column)) read.set(column, JSON.parse(evidence[column].textContent));
    return read.get(column);
  }

  const environments = JSON.parse(document.querySelector(".environments")?.textContent ?? "{}");
  const environment = (profile) => (environments[profile] ? `: ${environments[profile]}` : "");

  const make = (name, text, className) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  };

  function story(step) {
    const section = make("section");
    section.append(make("h3", step.id), make("p", step.title), make("p", `profile ${step.profile}${environment(step.profile)} · ${step.place.file}:${step.place.line}`, "quiet"));
    for (const finding of step.findings ?? []) {
      const line = make("p", undefined, "reason");
      line.append(make("b", finding.what ?? ""), " ", make("span", finding.label), document.createElement("br"), make("span", "expected ", "quiet"), make("code", finding.expected));
      section.append(line);
    }
    if (step.reason) section.append(make("p", step.reason, "reason"));
    if (step.exchange) {
      const { sent, received, again } = step.exchange;
      const fields = (headers) => headers.map(([name, value]) => `${name}: ${value}`).join("\n");
      section.append(block(`${sent.method} ${sent.target}\n${fields(sent.headers)}${sent.body ? `\n\n${sent.body}` : ""}`, "The request"));
      section.append(received ? block(`${received.status}\n${fields(received.headers)}\n\n${received.body}`, "The response") : make("p", "no response", "reason"));
      const repeat = make("div", undefined, "again");
      repeat.append(make("button", "copy", "tool copy"), make("code", again));
      section.append(repeat);
    }
    if (step.execution) {
      const { command, ended, streams } = step.execution;
      section.append(block(`${command}\n\n${ended}`, "The program"));
      for (const [name, text] of streams) section.append(block(`${name}\n\n${text}`, name));
    }
    if (step.printed) section.append(block(step.printed, "What the target printed"));
    return section;
  }

  function block(text, label) {
    const pre = make("pre", text);
    pre.tabIndex = 0;
    pre.setAttribute("role", "group");
    pre.setAttribute("aria-label", label);
    return pre;
  }

  function look(row, column) {
    const about = steps(column).filter((step) => row.id in step.covers);
    dialog.querySelector("h2").textContent = `${row.id}: ${names[column]}`;
    const place = dialog.querySelector(".steps");
    place.replaceChildren(make("p", row.element.cells[0].querySelector(".text").textContent), ...about.map(story));
    dialog.showModal();
    history.replaceState(null, "", `#${encodeURIComponent(names[column])}/${encodeURIComponent(row.id)}`);
  }

  const rowOf = (element) => rows.find((row) => row.element === element.closest("tr"));
  const buttons = () => [...body.querySelectorAll("tr:not([hidden]) button")];
  /** One mark can be reached by Tab, the others by arrows. */
  function rove(to) {
    for (const button of body.querySelectorAll("button[tabindex='0']")) button.tabIndex = -1;
    const target = to ?? body.querySelector("tr:not([hidden]) button");
    if (target) target.tabIndex = 0;
  }

  function move(from, key) {
    const cell = from.closest("td");
    if (key === "ArrowLeft" || key === "ArrowRight") {
      const all = buttons();
      return all[all.indexOf(from) + (key === "ArrowRight" ? 1 : -1)];
    }
    const column = cell.cellIndex;
    let row = cell.parentElement;
    do row = key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling;
    while (row && (row.hidden || !row.cells[column]?.querySelector("button")));
    return row?.cells[column].querySelector("button");
  }

  body.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const row = rowOf(button);
    rove(button);
    look(row, row.cells.indexOf(button.closest("td")));
  });
  body.addEventListener("keydown", (event) => {
    if (!event.key.startsWith("Arrow") || !event.target.matches("td button")) return;
    const next = move(event.target, event.key);
    event.preventDefault();
    if (next) { rove(next); next.focus(); }
  });
  head.addEventListener("click", (event) => {
    const column = event.target.closest(".sort")?.closest("[data-index]");
    if (!column) return;
    by = by === +column.dataset.index ? null : +column.dataset.index;
    sortRows();
    filter();
  });
  dialog.addEventListener("click", (event) => {
    const button = event.target.closest(".copy");
    if (button) copy(button);
    if (event.target === dialog || event.target.closest(".close")) dialog.close();
  });
  dialog.addEventListener("close", () => history.replaceState(null, "", location.pathname + location.search));
  form.addEventListener("input", (event) => {
    if (event.target.name === "order") sortRows();
    if (event.target.name === "columns") sortColumns();
    filter();
  });
  form.addEventListener("reset", () => setTimeout(() => { by = null; sortRows(); sortColumns(); filter(); }));
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !dialog.open && !event.target.matches("input, select")) {
      event.preventDefault();
      form.elements.search.focus();
    }
  });

  filter();
  const [name, id] = location.hash.slice(1).split("/").map(decodeURIComponent);
  const row = rows.find((one) => one.id === id);
  if (row && names.includes(name)) look(row, names.indexOf(name));
})();
