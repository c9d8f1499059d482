"use strict";
// The explorer: which problems are listed, which one is open, and the link that says so.
(() => {
  const root = document.getElementById("explorer-app");
  if (!root) return;
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const make = ProblemView.make;
  const DEFAULTS = { filter: "all", subject: "", level: "", search: "" };
  const state = { problem: null, generator: null, verifier: null, ...DEFAULTS };
  let head = null;
  let data = null; // of state.generator
  let listed = []; // rows of head.problems
  let words = []; // of each problem, for the search

  // What a filter asks of a problem, given what the selectors chose for it.
  const FILTERS = {
    all: () => true,
    "wrong-though-sampled": (row) => accuracy(row, head.selector) < 1 && row.anyRight,
    disagree: (row) => chosen(row, "Maj1") !== chosen(row, "RR.All"),
    rescued: (row) => accuracy(row, "Maj1") < 1 && ["RR.All", "RR.MajK", "W.RR", "W.RR.MajK"].some((name) => accuracy(row, name) === 1),
    spoiled: (row) => accuracy(row, "Maj1") === 1 && ["RR.All", "RR.MajK", "W.RR", "W.RR.MajK"].some((name) => accuracy(row, name) === 0),
    "no-answer": (row) => row.unanswered * 2 >= head.numSamples,
    right: (row) => accuracy(row, head.selector) === 1,
    wrong: (row) => accuracy(row, head.selector) === 0,
  };
  // Formulas in the list are rendered where they come into view.
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      target.querySelector(".title").replaceChildren(Prose.render(head.problems[target.dataset.index].problem.slice(0, 400)));
    }
  }, { root: part("list"), rootMargin: "300px" });
  const accuracy = (row, selector) => row.accuracy[head.selectors.indexOf(selector)];
  const chosen = (row, selector) => row.winner[head.selectors.indexOf(selector)];

  function outcome(index) {
    const { winner, accuracy } = data.verifiers[state.verifier];
    const labels = data.cluster[index].slice(1);
    const right = new Set(data.right[index]);
    return { winner: winner[index], accuracy: accuracy[index], anyRight: labels.some((label) => right.has(label)),
      unanswered: labels.filter((label) => label < 0).length };
  }

  function matchesWords(index) {
    const problem = head.problems[index];
    const query = state.search.trim().toLowerCase();
    return (!state.subject || problem.subject === state.subject) && (!state.level || String(problem.level) === state.level) &&
      (!query || words[index].includes(query));
  }

  /** Which problems are listed, and how many each filter would leave. */
  function filter() {
    const inView = head.problems.map((_, index) => index).filter(matchesWords);
    const outcomes = new Map(inView.map((index) => [index, outcome(index)]));
    for (const option of part("filter").options) {
      const count = inView.filter((index) => FILTERS[option.value](outcomes.get(index))).length;
      option.textContent = `${option.dataset.name} (${count})`;
    }
    listed = inView.filter((index) => FILTERS[state.filter](outcomes.get(index)));
    const items = listed.map((index) => listItem(index, outcomes.get(index)));
    part("list").replaceChildren(...items);
    part("count").textContent = `${Reasons.plural(listed.length, "problem")} of ${head.problems.length}`;
  }

  function listItem(index, row) {
    const problem = head.problems[index];
    const value = accuracy(row, head.selector);
    const kind = value === 1 ? "right" : value === 0 ? "wrong" : "tie";
    const mark = make("span", `verdict ${kind}`, { right: "✓", wrong: "✗", tie: "≈" }[kind]);
    mark.setAttribute("aria-label", { right: "right", wrong: "wrong", tie: "a tie" }[kind]);
    mark.setAttribute("role", "img");
    const facts = [problem.subject, problem.level === null ? null : `level ${problem.level}`].filter(Boolean).join(" · ");
    const item = make("div", "item", mark, make("span", "title", problem.problem.slice(0, 160)), make("small", "", facts));
    seen.observe(item);
    item.id = `item-${index}`;
    item.setAttribute("role", "option");
    item.dataset.index = index;
    return item;
  }

  function select(index, { keepView = false } = {}) {
    state.problem = index;
    for (const old of part("list").querySelectorAll("[aria-selected=true]")) old.setAttribute("aria-selected", "false");
    const item = index === null ? null : document.getElementById(`item-${index}`);
    if (item) {
      item.setAttribute("aria-selected", "true");
      part("list").setAttribute("aria-activedescendant", item.id);
      const list = part("list");
      const [top, bottom] = [item.offsetTop, item.offsetTop + item.offsetHeight];
      if (top < list.scrollTop) list.scrollTop = top;
      else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
    } else part("list").removeAttribute("aria-activedescendant");
    show();
    if (!keepView) writeLink();
  }

  function show() {
    const view = part("view");
    if (state.problem === null) {
      view.replaceChildren(make("p", "soft", "No problem passes these filters."));
      part("place").textContent = "";
      return;
    }
    const started = performance.now();
    const options = { asSource: part("source").checked, openAll: part("open").checked };
    view.replaceChildren(...ProblemView.build(head, data, state.verifier, state.problem, options));
    root.dataset.milliseconds = (performance.now() - started).toFixed(1);
    const place = listed.indexOf(state.problem);
    part("place").textContent = place < 0 ? "Not among those listed" : `Problem ${place + 1} of ${listed.length}`;
  }

  function move(step) {
    if (!listed.length) return;
    const place = listed.indexOf(state.problem);
    const next = place < 0 ? 0 : Math.min(Math.max(place + step, 0), listed.length - 1);
    select(listed[next]);
  }

  /** The link to what is shown: only what differs from the start. */
  function writeLink() {
    const link = new URLSearchParams();
    if (state.problem !== null) link.set("problem", head.problems[state.problem].problem_id);
    link.set("generator", state.generator);
    link.set("verifier", state.verifier);
    for (const [name, value] of Object.entries(DEFAULTS)) if (state[name] !== value) link.set(name, state[name]);
    history.replaceState(null, "", `#${link}`);
  }

  function readLink() {
    const link = new URLSearchParams(location.hash.slice(1));
    if (!link.has("problem") && !link.has("generator")) return null;
    return link;
  }

  async function useGenerator(name, verifier) {
    const names = Object.keys(head.generators);
    state.generator = names.includes(name) ? name : names[0];
    const { verifiers } = head.generators[state.generator];
    state.verifier = verifiers.includes(verifier) ? verifier : verifiers[0];
    part("generator").value = state.generator;
    part("verifier").replaceChildren(...verifiers.map((one) => new Option(one, one)));
    part("verifier").value = state.verifier;
    root.setAttribute("aria-busy", "true");
    const wanted = state.generator;
    const read = await Pack.read(`generator-${names.indexOf(wanted)}`);
    if (state.generator !== wanted) return false; // another was chosen meanwhile
    data = read;
    root.removeAttribute("aria-busy");
    return true;
  }

  function refresh(keep) {
    filter();
    const stays = keep !== null && listed.includes(keep);
    select(stays ? keep : listed[0] ?? null);
  }

  /** Opens what a link names; a problem that the filters leave out, or that is unknown, is said to be so. */
  async function follow(link) {
    for (const [name, value] of Object.entries(DEFAULTS)) state[name] = link.get(name) ?? value;
    if (!Object.hasOwn(FILTERS, state.filter)) state.filter = "all";
    for (const name of ["filter", "subject", "level", "search"]) part(name).value = state[name];
    if (!(await useGenerator(link.get("generator"), link.get("verifier")))) return;
    filter();
    const wanted = link.get("problem");
    const index = head.problems.findIndex((problem) => problem.problem_id === wanted);
    part("message").textContent = wanted && index < 0 ? "The link names a problem that is not in this report." : "";
    select(index < 0 ? listed[0] ?? null : index, { keepView: true });
    root.closest("section").scrollIntoView();
  }

  function listen() {
    part("generator").addEventListener("change", async (event) => {
      const keep = state.problem;
      if (await useGenerator(event.target.value, state.verifier)) refresh(keep);
    });
    for (const name of ["verifier", "filter", "subject", "level"]) {
      part(name).addEventListener("change", (event) => {
        state[name] = event.target.value;
        refresh(state.problem);
      });
    }
    part("search").addEventListener("input", (event) => {
      state.search = event.target.value;
      refresh(state.problem);
    });
    for (const name of ["source", "open"]) part(name).addEventListener("change", show);
    part("previous").addEventListener("click", () => move(-1));
    part("next").addEventListener("click", () => move(1));
    part("list").addEventListener("click", (event) => {
      const item = event.target.closest("[data-index]");
      if (item) select(Number(item.dataset.index));
    });
    part("copy").addEventListener("click", async () => {
      writeLink();
      try {
        await navigator.clipboard.writeText(location.href);
        part("message").textContent = "Link copied.";
      } catch {
        part("message").textContent = "The link stands in the address bar.";
      }
    });
    root.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
      const inList = event.target === part("list");
      const steps = { j: 1, k: -1, ArrowRight: 1, ArrowLeft: -1, ...(inList ? { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10,
        Home: -head.problems.length, End: head.problems.length } : {}) };
      if (!Object.hasOwn(steps, event.key)) return;
      event.preventDefault();
      move(steps[event.key]);
    });
    window.addEventListener("hashchange", () => {
      const link = readLink();
      if (link) follow(link);
    });
  }

  async function start() {
    head = await Pack.read("problems");
    words = head.problems.map((problem) => `${problem.problem_id} ${problem.problem} ${problem.expected_answer}`.toLowerCase());
    part("generator").replaceChildren(...Object.keys(head.generators).map((name) => new Option(name, name)));
    const values = (name) => [...new Set(head.problems.map((problem) => problem[name]).filter((value) => value !== null))].sort();
    for (const name of ["subject", "level"]) {
      part(name).append(...values(name).map((value) => new Option(value, value)));
      part(name).closest("label").hidden = part(name).options.length < 2;
    }
    for (const option of part("filter").options) option.dataset.name = option.textContent;
    listen();
    const link = readLink();
    if (link) await follow(link);
    else if (await useGenerator(root.dataset.generator, null)) {
      filter();
      select(listed[0] ?? null, { keepView: true });
    }
    root.dataset.ready = "";
  }

  start();
})();
