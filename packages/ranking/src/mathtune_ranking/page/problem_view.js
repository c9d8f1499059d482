"use strict";
// One problem opened up: what it asks, what each selector chose and why, and its samples in clusters.
const ProblemView = (() => {
  /** An element with a class and children; text is always text. */
  function make(name, className, ...children) {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children);
    return made;
  }

  /** The clusters of a problem, the most frequent first, the samples without an answer last; each by score. */
  function clustersOf(head, data, verifier, row) {
    const scores = data.verifiers[verifier].score[row];
    const labels = data.cluster[row];
    const cut = new Set(data.cut[row]);
    const found = new Map();
    const cluster = (label) => {
      if (!found.has(label)) {
        const none = label < 0;
        const right = data.right[row].includes(label);
        found.set(label, { label, none, right, answer: none ? null : data.answers[row][label], samples: [], greedy: false, best: null, sum: 0 });
      }
      return found.get(label);
    };
    cluster(labels[0]).greedy = true;
    scores.forEach((units, index) => {
      const place = index + 1; // 0 is the greedy one
      const sample = { place, score: units / head.scoreUnits, tokens: data.tokens[row][place], cut: cut.has(place) };
      cluster(labels[place]).samples.push(sample);
    });
    for (const one of found.values()) {
      one.samples.sort((a, b) => b.score - a.score);
      one.best = one.samples[0]?.score ?? null;
      one.sum = one.samples.reduce((sum, sample) => sum + sample.score, 0);
    }
    return [...found.values()].sort((a, b) => a.none - b.none || b.samples.length - a.samples.length || a.label - b.label);
  }

  function verdict(right, accuracy = right ? 1 : 0) {
    const tie = accuracy > 0 && accuracy < 1;
    const words = tie ? `right in ${Math.round(100 * accuracy)}% of ties` : right ? "right" : "wrong";
    return make("span", `verdict ${tie ? "tie" : right ? "right" : "wrong"}`, `${tie ? "≈" : right ? "✓" : "✗"} ${words}`);
  }

  function answer(cluster) {
    return cluster.none ? make("em", "", "no answer") : make("span", "answer", Prose.answer(cluster.answer));
  }

  function decisions(head, data, verifier, row, clusters) {
    const table = make("table", "decisions");
    table.append(make("caption", "", "What each selector chose, and why"));
    const header = make("tr", "");
    for (const name of ["Selector", "Chose", "Why"]) {
      const cell = make("th", "", name);
      cell.scope = "col";
      header.append(cell);
    }
    table.append(make("thead", "", header));
    const body = make("tbody", "");
    const { winner, accuracy } = data.verifiers[verifier];
    head.selectors.forEach((selector, index) => {
      const chosen = clusters.find((cluster) => cluster.label === winner[row][index]) ?? { none: true, right: false, samples: [] };
      const name = make("th", "", selector);
      name.scope = "row";
      const why = Reasons.why(selector, clusters, chosen, head.numSamples, head.k);
      body.append(make("tr", selector === head.selector ? "chosen" : "", name, 
        make("td", "", answer(chosen), verdict(chosen.right, accuracy[row][index])), make("td", "why", why)));
    });
    table.append(body);
    return make("div", "wide", table);
  }

  /** Samples with the same text, which have the same score too, as one. */
  function sampleView(data, text, samples, asSource) {
    const [first] = samples;
    const places = samples.map(({ place }) => place).filter(Boolean);
    const names = [...(places.length < samples.length ? ["greedy"] : []), ...(places.length ? [`sample${places.length > 1 ? "s" : ""} ${places.join(", ")}`] : [])];
    const scored = samples.find((sample) => sample.score !== undefined);
    const facts = [names.join(" and "), ...(scored ? [`score ${Reasons.score(scored.score)}`] : []), Reasons.plural(first.tokens, "token"),
      ...(samples.some((sample) => sample.cut) ? ["cut at the length limit"] : [])];
    return make("li", "sample", make("p", "facts", facts.join(" · ")), make("div", "prose", Prose.render(data.texts[text], asSource)));
  }

  function clusterView(head, data, row, cluster, choosers, open, asSource) {
    const details = make("details", `cluster ${cluster.right ? "right" : "wrong"}`);
    const bar = make("span", "bar");
    const filled = make("span", "");
    filled.style.width = `${(100 * cluster.samples.length) / head.numSamples}%`;
    bar.append(filled);
    bar.setAttribute("aria-hidden", "true");
    const count = cluster.samples.length ? `${cluster.samples.length} of ${head.numSamples}` : "the greedy solution alone";
    const facts = cluster.samples.length ? `best ${Reasons.score(cluster.best)}, sum ${cluster.sum.toFixed(2)}` : "";
    const chips = choosers.map((name) => make("span", "chip", name));
    const summary = make("summary", "", bar, answer(cluster), " ", make("b", "", count), " ",
      verdict(cluster.right), " ", make("small", "", facts), " ", ...chips);
    details.append(summary);
    // The samples are laid out when the cluster is opened: most never are.
    const fill = () => {
      if (!details.open || details.querySelector("ol")) return;
      const greedy = cluster.greedy ? [{ place: 0, tokens: data.tokens[row][0], cut: data.cut[row].includes(0) }] : [];
      const byText = new Map();
      for (const sample of [...greedy, ...cluster.samples]) {
        const text = data.completion[row][sample.place];
        byText.set(text, [...(byText.get(text) ?? []), sample]);
      }
      details.append(make("ol", "samples", ...[...byText].map(([text, samples]) => sampleView(data, text, samples, asSource))));
    };
    details.addEventListener("toggle", fill);
    details.open = open;
    fill();
    return details;
  }

  /** The nodes of a problem under a generator's samples and a verifier's scores. */
  function build(head, data, verifier, row, { asSource = false, openAll = false } = {}) {
    const problem = head.problems[row];
    const clusters = clustersOf(head, data, verifier, row);
    const { winner } = data.verifiers[verifier];
    const facts = [problem.source, problem.subject, problem.level === null ? null : `level ${problem.level}`, problem.subset];
    const right = clusters.reduce((sum, cluster) => sum + (cluster.right ? cluster.samples.length : 0), 0);
    const answered = clusters.filter((cluster) => !cluster.none && cluster.samples.length).length;
    return [
      make("div", "problem prose", Prose.render(problem.problem, asSource)),
      make("p", "expected", "Expected answer: ", make("strong", "", Prose.answer(problem.expected_answer)), " ",
        make("span", "soft", facts.filter(Boolean).join(" · "))),
      decisions(head, data, verifier, row, clusters),
      make("h4", "", `${Reasons.plural(head.numSamples, "sample")}, ${Reasons.plural(answered, "different answer")}, ${right || "none"} right`),
      ...clusters.map((cluster, index) => {
        const choosers = head.selectors.filter((_, at) => winner[row][at] === cluster.label);
        return clusterView(head, data, row, cluster, choosers, openAll || index === 0, asSource);
      }),
    ];
  }

  return { build, make };
})();
