"use strict";
// Text with formulas in it, as problems and completions are written: what is a formula, what is money, what is neither.
const Prose = (() => {
  const ENVIRONMENTS = "align align* alignat alignat* gather gather* equation equation* eqnarray eqnarray* multline multline* " +
    "array matrix pmatrix bmatrix vmatrix cases displaymath";
  const DISPLAYED = new Set(ENVIRONMENTS.split(" "));
  const CHARACTERS = { $: "$", "%": "%", "&": "&", "#": "#", _: "_", "{": "{", "}": "}", " ": " " };
  const MAX_INLINE = 2000; // characters that a formula in the line may have
  const PAIRS = { "\\(": "\\)", "\\[": "\\]", $$: "$$" };

  /** Segments {kind: "text" | "formula" | "source", text, display} in order. Linear in the length of the text. */
  function split(text) {
    const found = [];
    const absent = new Set(); // closings that do not come any more
    let words = "";
    let at = 0;
    const push = (segment, end) => {
      if (words) found.push({ kind: "text", text: words });
      words = "";
      found.push(segment);
      at = end;
    };
    const closing = (mark, from) => {
      if (absent.has(mark)) return -1;
      const end = text.indexOf(mark, from);
      if (end < 0) absent.add(mark);
      return end;
    };
    while (at < text.length) {
      const two = text.slice(at, at + 2);
      if (two[0] !== "$" && two[0] !== "\\" && two[0] !== "[") {
        const next = text.slice(at).search(/[$\\[]/);
        const end = next < 0 ? text.length : at + next;
        words += text.slice(at, end);
        at = end;
      } else if (two === "$$" || two === "\\(" || two === "\\[") {
        const end = closing(PAIRS[two], at + 2);
        if (end < 0 || !text.slice(at + 2, end).trim()) [words, at] = [words + two, at + 2];
        else push({ kind: "formula", text: text.slice(at + 2, end), display: two !== "\\(" }, end + 2);
      } else if (two[0] === "$") {
        const end = inlineEnd(text, at);
        if (end < 0) [words, at] = [`${words}$`, at + 1];
        else push({ kind: "formula", text: text.slice(at + 1, end), display: false }, end + 1);
      } else if (two[0] === "[") {
        const end = text.startsWith("[asy]", at) ? closing("[/asy]", at) : -1;
        if (end < 0) [words, at] = [`${words}[`, at + 1];
        else push({ kind: "source", text: text.slice(at, end + 6) }, end + 6);
      } else {
        const macro = /^\\(begin|boxed|textbf|textit|emph|text|underline|[ld]?dots|\\|[^a-zA-Z])(\{[^{}$\n]{0,200}\})?/.exec(text.slice(at, at + 220));
        const argument = macro?.[2]?.slice(1, -1);
        if (macro?.[1] === "begin" && DISPLAYED.has(argument)) {
          const mark = `\\end{${argument}}`;
          const end = closing(mark, at);
          if (end < 0) [words, at] = [words + macro[0], at + macro[0].length];
          else push({ kind: "formula", text: text.slice(at, end + mark.length), display: true }, end + mark.length);
        } else if (macro?.[1] === "boxed") {
          const end = braceEnd(text, at + 6);
          if (end < 0) [words, at] = [`${words}\\boxed`, at + 6];
          else push({ kind: "formula", text: text.slice(at, end), display: false }, end);
        } else if (macro && argument !== undefined && /^(textbf|textit|emph|text|underline)$/.test(macro[1])) {
          [words, at] = [words + argument, at + macro[0].length];
        } else if (macro && /dots$/.test(macro[1])) [words, at] = [`${words}…`, at + macro[1].length + 1];
        else if (macro && (macro[1] in CHARACTERS)) [words, at] = [words + CHARACTERS[macro[1]], at + 2];
        else if (macro && macro[1] === "\\") [words, at] = [`${words}\n`, at + 2];
        else [words, at] = [`${words}\\`, at + 1];
      }
    }
    if (words) found.push({ kind: "text", text: words });
    return found;
  }

  /** The next dollar in the paragraph that is not escaped; one within braces, as in \text{if $x$}, only without another. */
  function nextDollar(text, start) {
    let inBraces = -1;
    for (let at = start, open = 0; at < Math.min(text.length, start + MAX_INLINE); at += 1) {
      const character = text[at];
      if (character === "\\") at += 1;
      else if (character === "\n" && text[at + 1] === "\n") break;
      else if (character === "{") open += 1;
      else if (character === "}") open -= 1;
      else if (character === "$") {
        if (open <= 0) return at;
        if (inBraces < 0) inBraces = at;
      }
    }
    return inBraces;
  }

  /** Where the formula that opens with the dollar at `start` closes; −1 where that dollar is money or stands alone. */
  function inlineEnd(text, start) {
    const end = nextDollar(text, start + 1);
    if (end < 0 || end === start + 1) return -1;
    const inside = text.slice(start + 1, end);
    if (/^<</.test(inside) || /\n\s*\n/.test(inside)) return -1;
    const bare = inside.replace(/\\[$%]/g, ""); // an escaped dollar is no sign of a formula
    const marked = /[\\^_={}<>+]/.test(bare);
    if (/^\.?\d/.test(inside)) {
      // $5 and $6, $20*3=$60, $5.$10: an amount, unless what stands between is plainly a formula.
      if (/\s$/.test(inside) && !/[\\^_{}]/.test(bare)) return -1;
      if (/^[\d.,]+(?:\s|\/|-)+[A-Za-z]{2,}/.test(inside) && !bare.includes("\\")) return -1;
      if (/[-+*/=(×x]\s*$/.test(inside) || /^\d/.test(text.slice(end + 1))) return -1;
    } else if (/^\s|\s$/.test(inside) && !marked && /[A-Za-z]{2,}\s+[A-Za-z]{2,}/.test(inside)) return -1;
    if (!bare.includes("\\") && /(?:[A-Za-z]{3,}\s+){2}[A-Za-z]{2,}/.test(inside)) return -1; // three words are prose
    return end;
  }

  /** The end of the group in braces that opens at `start`; −1 where none opens there or it does not close. */
  function braceEnd(text, start) {
    if (text[start] !== "{") return -1;
    for (let at = start, open = 0; at < Math.min(text.length, start + 2000); at += 1) {
      if (text[at] === "\\") at += 1;
      else if (text[at] === "{") open += 1;
      else if (text[at] === "}" && --open === 0) return at + 1;
    }
    return -1;
  }

  function code(source) {
    const made = document.createElement("code");
    made.textContent = source;
    return made;
  }

  function formula(segment) {
    const made = MathML.render(segment.text, segment.display);
    if (!made) return code(segment.text);
    if (!segment.display) return made;
    const block = document.createElement("span");
    block.className = "display";
    block.append(made);
    return block;
  }

  /** A text as nodes, its formulas rendered; with `asSource` just as it stands. */
  function render(text, asSource = false) {
    const fragment = document.createDocumentFragment();
    if (asSource) {
      fragment.append(text);
      return fragment;
    }
    for (const segment of split(text)) {
      if (segment.kind === "text") fragment.append(segment.text);
      else fragment.append(segment.kind === "source" ? code(segment.text) : formula(segment));
    }
    return fragment;
  }

  /** An answer: a formula without its dollars, or words. */
  function answer(text) {
    const plain = /[A-Za-z]{3,}/.test(text.replace(/\\[A-Za-z]+/g, "")) && !/\\[A-Za-z]/.test(text);
    const fragment = document.createDocumentFragment();
    fragment.append(plain || text.includes("$") ? render(text) : formula({ text, display: false }));
    return fragment;
  }

  return { split, render, answer };
})();
