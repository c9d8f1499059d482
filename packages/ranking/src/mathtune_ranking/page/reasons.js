"use strict";
// Why a selector chose what it chose, in one sentence.
const Reasons = (() => {
  const score = (value) => value.toFixed(value > 0.9995 || value < 0.0005 ? 4 : 3);
  const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

  /** The clusters with samples, the most frequent first: those in the K places, with all that tie for the last ones. */
  function mostFrequent(clusters, k) {
    const answered = clusters.filter((cluster) => !cluster.none && cluster.samples.length).sort((a, b) => b.samples.length - a.samples.length);
    const last = answered[Math.min(k, answered.length) - 1]?.samples.length ?? 0;
    const tied = answered.filter((cluster) => cluster.samples.length === last).length;
    const sure = answered.filter((cluster) => cluster.samples.length > last).length;
    const left = Math.min(k, answered.length) - sure;
    return { answered, tied, left, in: answered.slice(0, sure + tied) };
  }

  function vote(clusters, winner, numSamples) {
    const counts = clusters.filter((cluster) => !cluster.none).map((cluster) => cluster.samples.length).sort((a, b) => b - a);
    const ties = counts.filter((count) => count === winner.samples.length).length;
    const votes = `${winner.samples.length} of ${numSamples} votes`;
    if (ties > 1) return `${votes}, as many as ${plural(ties - 1, "other answer")}: one is drawn at random`;
    return counts.length > 1 ? `${votes}; the next has ${counts[1]}` : `${votes}; no other answer`;
  }

  function best(clusters, winner, within) {
    const rivals = clusters.filter((cluster) => cluster !== winner && !cluster.none && cluster.best !== null);
    const next = Math.max(...rivals.map((cluster) => cluster.best), -1);
    const lead = next < 0 ? "" : next === winner.best ? "; another answer has it too" : `; the next answer's best is ${score(next)}`;
    return `highest score${within}, ${score(winner.best)}${lead}`;
  }

  function sum(clusters, winner, within) {
    const rivals = clusters.filter((cluster) => cluster !== winner && !cluster.none && cluster.samples.length);
    const next = Math.max(...rivals.map((cluster) => cluster.sum), -1);
    return `largest sum of scores${within}, ${winner.sum.toFixed(2)}${next < 0 ? "" : `; the next is ${next.toFixed(2)}`}`;
  }

  /** The vote of the better-scored half, rounded up; samples that tie for its last place count in part. */
  function topVote(clusters, winner) {
    const answered = clusters.filter((cluster) => !cluster.none && cluster.samples.length);
    const scores = answered.flatMap((cluster) => cluster.samples.map((sample) => sample.score)).sort((a, b) => b - a);
    const size = Math.ceil(scores.length / 2);
    const last = scores[size - 1];
    const share = (size - scores.filter((one) => one > last).length) / scores.filter((one) => one === last).length;
    const votes = (cluster) =>
      cluster.samples.reduce((total, { score: one }) => total + (one > last ? 1 : one === last ? share : 0), 0);
    const number = (value) => (Number.isInteger(value) ? String(value) : value.toFixed(1));
    const next = Math.max(...answered.filter((cluster) => cluster !== winner).map(votes), 0);
    const lead = next > 0 ? `the next has ${number(next)}` : "no other answer is among them";
    return `${number(votes(winner))} of the ${size} best-scored; ${lead}`;
  }

  /** The sentence for one selector; `winner` is a cluster of `clusters`, the one without an answer where nothing is chosen. */
  function why(selector, clusters, winner, numSamples, k) {
    if (selector === "Pass@1") return winner.none ? "the greedy solution gives no answer" : "the greedy solution's answer; it has no vote";
    if (winner.none) return "no sample gives an answer";
    if (selector === "Maj1") return vote(clusters, winner, numSamples);
    if (selector === "Maj1.TopN") return topVote(clusters, winner);
    if (selector === "RR.All") return best(clusters, winner, " of all");
    if (selector === "W.RR") return sum(clusters, winner, "");
    const top = mostFrequent(clusters, k);
    const tied = top.tied > top.left ? `, ${top.tied} tying for the last ${top.left === 1 ? "place" : `${top.left} places`}` : "";
    const within = top.answered.length <= k
      ? `, all ${plural(top.answered.length, "answer")} being within the top ${k}`
      : ` within the top ${plural(k, "cluster")}${tied}`;
    return selector === "RR.MajK" ? best(top.in, winner, within) : sum(top.in, winner, within);
  }

  return { why, score, plural };
})();
