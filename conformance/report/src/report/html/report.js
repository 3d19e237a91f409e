// Filters, search, keys, links and copying. Without this script the page shows everything.
(() => {
  const form = document.querySelector(".filters");
  const shown = form.querySelector(".shown");
  const steps = [...document.querySelectorAll(".step")].map((element) => ({
    element,
    scenario: element.closest(".scenario"),
    outcome: element.dataset.outcome,
    attention: "attention" in element.dataset,
    levels: element.dataset.levels.split(" "),
    tasks: JSON.parse(element.dataset.tasks),
    profile: element.dataset.profile,
    path: (element.dataset.path ?? "").toLowerCase(),
    text: null,
  }));
  // Collect the text of a step when it is first searched: a page may have thousands.
  const textOf = (step) => (step.text ??= `${step.element.id} ${step.element.textContent}`.toLowerCase());

  function filter() {
    const data = new FormData(form);
    const outcomes = data.getAll("outcome");
    const [level, task, profile] = [data.get("level"), data.get("task"), data.get("profile")];
    const path = data.get("path").trim().toLowerCase();
    const words = data.get("search").toLowerCase().split(/\s+/).filter(Boolean);
    const scenarios = new Map();
    let count = 0;
    for (const step of steps) {
      const matches = outcomes.includes(step.outcome)
        && (!level || step.levels.includes(level))
        && (!profile || step.profile === profile)
        && step.path.includes(path)
        && (!task || step.tasks.includes(task))
        && words.every((word) => textOf(step).includes(word));
      step.element.hidden = !matches;
      count += matches;
      scenarios.set(step.scenario, (scenarios.get(step.scenario) ?? false) || matches);
    }
    for (const [scenario, matches] of scenarios) scenario.hidden = !matches;
    shown.textContent = `${count} of ${steps.length} step${steps.length === 1 ? "" : "s"}`;
  }

  const visible = () => steps.map((step) => step.element).filter((element) => !element.hidden);
  const current = () => document.activeElement?.closest?.(".step");

  function move(by, wanted = () => true) {
    const all = visible();
    const here = all.indexOf(current());
    const order = by > 0 ? all.slice(here + 1) : all.slice(0, here < 0 ? all.length : here).reverse();
    const next = order.find(wanted);
    next?.querySelector("summary").focus();
    next?.scrollIntoView({ block: "nearest" });
    return next;
  }

  function reset() {
    form.reset();
    filter();
  }

  /** Opens what the address names, even when a filter hides it. */
  function follow() {
    const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!named) return;
    const details = named.closest("details");
    if (details?.hidden) reset();
    if (details) details.open = true;
    named.scrollIntoView({ block: "start" });
    details?.querySelector("summary").focus({ preventScroll: true });
  }

  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("click", (event) => {
    const find = event.target.closest("[data-find]");
    if (find) {
      form.reset();
      form.elements.search.value = find.dataset.find;
      filter();
      form.scrollIntoView({ block: "start" });
    }
    const button = event.target.closest(".copy");
    if (button) copy(button);
  });
  document.addEventListener("toggle", (event) => {
    // The fragment of the URL names the step that was opened last, for reloads and sharing.
    const step = event.target;
    if (step.matches?.(".step") && step.open) history.replaceState(null, "", `#${encodeURIComponent(step.id)}`);
  }, true);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.matches("input[type=search], input[type=text], select");
    if (event.key === "Escape") reset();
    if (typing) return;
    const act = {
      "/": () => form.elements.search.focus(),
      n: () => move(1),
      p: () => move(-1),
      f: () => { const next = move(1, (step) => "attention" in step.dataset); if (next) next.open = true; },
      c: () => { const button = current()?.querySelector(".copy"); if (button) copy(button); },
    }[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  addEventListener("hashchange", follow);
  // Print an example of each cause, and the requirements that fail.
  let opened = [];
  addEventListener("beforeprint", () => {
    const examples = [...document.querySelectorAll(".causes [data-example]")]
      .slice(0, 5)
      .map((link) => document.getElementById(decodeURIComponent(link.hash.slice(1))));
    const tasks = [...document.querySelectorAll(".task[data-attention]")];
    const wanted = new Set([...examples, ...tasks].filter(Boolean));
    opened = [...document.querySelectorAll("main details")].filter((one) => one.open !== wanted.has(one)).map((one) => [one, one.open]);
    for (const [one, open] of opened) one.open = !open;
    for (const step of steps) step.element.hidden = !step.attention;
    for (const scenario of document.querySelectorAll(".scenario")) scenario.hidden = false;
  });
  addEventListener("afterprint", () => {
    for (const [one, open] of opened) one.open = open;
    filter();
  });
  // Show failures first; the rest is one click away.
  if (steps.some((step) => step.attention)) {
    for (const box of form.querySelectorAll("[name=outcome]")) box.checked = "attention" in box.dataset;
  }
  filter();
  follow();
})();
