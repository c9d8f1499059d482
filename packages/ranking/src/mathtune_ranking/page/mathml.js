"use strict";
// LaTeX formulas as MathML, built element by element: no text of a formula is ever parsed as markup.
const MathML = (() => {
  const NAMESPACE = "http://www.w3.org/1998/Math/MathML";
  const MAX_DEPTH = 60; // of nested groups: hostile text must not exhaust the stack
  const MAX_LENGTH = 10000;
  const MATRICES = { matrix: ["", ""], pmatrix: ["(", ")"], bmatrix: ["[", "]"], Bmatrix: ["{", "}"], vmatrix: ["|", "|"],
    Vmatrix: ["‖", "‖"], smallmatrix: ["", ""], cases: ["{", ""], dcases: ["{", ""], rcases: ["", "}"] };
  const ALIGNED = new Set(["align", "align*", "aligned", "split", "eqnarray", "eqnarray*", "alignat", "alignat*", "flalign*"]);
  const GATHERED = new Set(["gather", "gather*", "gathered", "multline", "multline*", "equation", "equation*", "displaymath"]);
  const SIZES = { big: 1.2, Big: 1.6, bigg: 2.1, Bigg: 2.6 };
  const TEXTS = new Set(["text", "textrm", "textnormal", "mbox", "hbox", "textup", "textsf", "texttt", "textbf", "textit", "emph"]);
  const IGNORED = new Set(["displaystyle", "textstyle", "scriptstyle", "limits", "nolimits", "nonumber", "notag", "hfill", "centering",
    "left.", "right.", "allowbreak", "strut", "noindent", "small", "large", "normalsize", "mathstrut", "relax"]);

  /** A formula that the renderer does not understand: its source is shown instead. */
  class Unsupported extends Error {}

  function element(name, children = [], attributes = {}) {
    const made = document.createElementNS(NAMESPACE, name);
    for (const child of children) made.append(child);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }
  const row = (nodes) => (nodes.length === 1 ? nodes[0] : element("mrow", nodes));
  const operator = (text, attributes = {}) => element("mo", [text], attributes);
  const fence = (text) => (text ? [operator(text, { fence: "true", stretchy: "true", symmetric: "true" })] : []);
  const space = (em) => element("mspace", [], { width: `${em}em` });

  /** Marks the signs among the nodes, which stand closer to their operand than operators do: (−4, −1), x = −2. */
  function withSigns(nodes) {
    nodes.forEach((node, index) => {
      if (node.localName !== "mo" || !/^[−+±∓]$/.test(node.textContent)) return;
      const before = nodes[index - 1];
      const follows = before && (before.localName !== "mo" || /^[)\]}!′%|‖⟩⌋⌉…]$/.test(before.textContent));
      if (!follows && before?.localName !== "mspace") for (const side of ["lspace", "rspace"]) node.setAttribute(side, "0");
    });
    return nodes;
  }

  class Parser {
    constructor(source) {
      this.source = source;
      this.at = 0;
      this.depth = 0;
      this.font = null;
    }

    refuse(reason) {
      throw new Unsupported(reason);
    }

    skipSpace() {
      while (/\s/.test(this.source[this.at] ?? "")) this.at += 1;
    }

    /** The command at this place without its backslash, or null. */
    peekCommand() {
      if (this.source[this.at] !== "\\") return null;
      const rest = this.source.slice(this.at + 1, this.at + 40);
      return /^[a-zA-Z]+\*?/.exec(rest)?.[0].replace(/\*$/, "") ?? rest[0] ?? "";
    }

    take(text) {
      this.skipSpace();
      const found = this.source.startsWith(text, this.at);
      if (found) this.at += text.length;
      return found;
    }

    /** The nodes up to what `ends` recognises, which stays unread. */
    nodes(ends) {
      this.depth += 1;
      if (this.depth > MAX_DEPTH) this.refuse("nested too deeply");
      let found = [];
      for (this.skipSpace(); this.at < this.source.length && !ends(this); this.skipSpace()) {
        const command = this.peekCommand();
        if (command === "over" || command === "choose" || command === "atop") {
          this.at += command.length + 1;
          const bottom = row(this.nodes(ends));
          const plain = command === "over" ? {} : { linethickness: "0" };
          const fraction = element("mfrac", [row(found), bottom], plain);
          found = command === "choose" ? [operator("("), fraction, operator(")")] : [fraction];
          break;
        }
        found.push(...this.scripted());
      }
      this.depth -= 1;
      return withSigns(found);
    }

    /** What stands in braces, the opening one read. */
    group() {
      const font = this.font;
      const inside = this.nodes((parser) => parser.source[parser.at] === "}");
      if (!this.take("}")) this.refuse("a brace is not closed");
      this.font = font;
      return inside;
    }

    /** One argument: a group, a command or a single character. */
    argument() {
      this.skipSpace();
      if (this.at >= this.source.length) this.refuse("an argument is missing");
      if (this.take("{")) return row(this.group());
      if (/[}&^_]/.test(this.source[this.at])) this.refuse("an argument is missing");
      this.depth += 1;
      if (this.depth > MAX_DEPTH) this.refuse("nested too deeply");
      const found = row(this.atom(true));
      this.depth -= 1;
      return found;
    }

    /** The text in braces as it stands. */
    rawArgument() {
      if (!this.take("{")) this.refuse("an argument is missing");
      const start = this.at;
      for (let open = 1; this.at < this.source.length; this.at += 1) {
        const character = this.source[this.at];
        if (character === "\\") this.at += 1;
        else if (character === "{") open += 1;
        else if (character === "}" && --open === 0) {
          this.at += 1;
          return this.source.slice(start, this.at - 1);
        }
      }
      return this.refuse("a brace is not closed");
    }

    /** An atom with its sub- and superscripts. */
    scripted() {
      const base = this.atom(false);
      let below = null;
      let above = null;
      let raised = false; // by ^, which one atom takes once; primes may stand before it
      for (this.skipSpace(); ; this.skipSpace()) {
        if (this.peekCommand() === "limits" || this.peekCommand() === "nolimits") {
          this.at += this.peekCommand().length + 1;
          continue;
        }
        const mark = this.source[this.at];
        if (mark === "'" || mark === "’") {
          const primes = /^['’]+/.exec(this.source.slice(this.at, this.at + 20))[0];
          this.at += primes.length;
          above = row([...(above ? [above] : []), operator("′".repeat(primes.length), { lspace: "0", rspace: "0" })]);
        } else if (mark === "^" || mark === "_") {
          this.at += 1;
          const script = this.argument();
          if (mark === "_" && below) this.refuse("two subscripts");
          if (mark === "^" && raised) this.refuse("two superscripts");
          if (mark === "_") below = script;
          else [above, raised] = [above ? row([above, script]) : script, true];
        } else break;
      }
      this.spaceAfterFunction(base);
      if (!below && !above) return base;
      const last = base.pop() ?? element("mrow");
      const stacked = last.getAttribute("class") === "limits";
      const names = stacked ? ["munder", "mover", "munderover"] : ["msub", "msup", "msubsup"];
      const name = below && above ? names[2] : below ? names[0] : names[1];
      return [...base, element(name, [last, below, above].filter(Boolean))];
    }

    /** A thin space between a function's name and what it is applied to, none before a bracket. */
    spaceAfterFunction(base) {
      const name = base.at(-1);
      if (name?.localName !== "mo" || !name.hasAttribute("data-function")) return;
      const rest = this.source.slice(this.at, this.at + 8);
      if (!rest || /^([()[\]{}|,;.=+\-/&]|\\left|\\right|\\\\|\\[,;:!{])/.test(rest)) name.setAttribute("rspace", "0");
    }

    atom(single) {
      const character = String.fromCodePoint(this.source.codePointAt(this.at));
      if (character === "\\") return this.command();
      if (character === "^" || character === "_" || character === "'") return [];
      if (/[&$}]/.test(character)) this.refuse(`${character} has no meaning here`);
      if (character === "{") {
        this.at += 1;
        const inside = this.group();
        // An operator in braces is an ordinary symbol: 10{,}000.
        const alone = inside.length === 1 && inside[0].localName === "mo" && !inside[0].hasAttribute("data-function");
        return [alone ? operator(inside[0].textContent, { lspace: "0", rspace: "0" }) : element("mrow", inside)];
      }
      const number = /^(\d+(\.\d+)?|\.\d+)/.exec(this.source.slice(this.at, this.at + 400))?.[0];
      if (number) {
        const digits = single ? number[0] : number;
        this.at += digits.length;
        return [element("mn", [[...digits].map((digit) => LatexSymbols.inFont(digit, this.font)).join("")])];
      }
      this.at += character.length;
      if (/\p{L}/u.test(character)) return [this.letter(character)];
      return [this.symbol(character)];
    }

    letter(character) {
      return element("mi", [LatexSymbols.inFont(character, this.font)], this.font === "upright" ? { mathvariant: "normal" } : {});
    }

    symbol(character) {
      if (character === "~") return space(0.25);
      if (character === "-") return operator("−");
      if (/[()[\]|‖]/.test(character)) {
        return operator(character, { stretchy: "false", ...(/[|‖]/.test(character) ? { lspace: "0", rspace: "0" } : {}) });
      }
      if (character === "/") return operator("/", { lspace: "0", rspace: "0" });
      if (/[%°#@?.!"]/.test(character)) return element("mi", [character], { mathvariant: "normal" });
      return operator(character);
    }

    command() {
      const name = this.peekCommand();
      const symbols = LatexSymbols;
      this.at += 1 + Math.max(name.length, 1);
      if (/^[a-zA-Z]/.test(name) && this.source[this.at] === "*" && /^(operatorname|hspace|tag)$/.test(name)) this.at += 1;
      if (symbols.letters.has(name)) {
        const letter = symbols.letters.get(name);
        return [element("mi", [letter], /[α-ωϑϕϖϱϵıȷ]/.test(letter) ? {} : { mathvariant: "normal" })];
      }
      if (symbols.operators.has(name)) return [operator(symbols.operators.get(name))];
      if (symbols.fences.has(name)) return [operator(symbols.fences.get(name), { stretchy: "false" })];
      if (symbols.big.has(name)) return [operator(symbols.big.get(name), { class: "limits", movablelimits: "true" })];
      if (symbols.integrals.has(name)) return [operator(symbols.integrals.get(name))];
      if (symbols.functions.has(name)) return [this.named(name, symbols.limits.has(name))];
      if (symbols.spaces.has(name)) return symbols.spaces.get(name) ? [space(symbols.spaces.get(name))] : [];
      if (symbols.accents.has(name)) return [this.accented("mover", symbols.accents.get(name), { stretchy: String(name.startsWith("wide")) })];
      if (symbols.stretched.has(name)) return [this.stretched(...symbols.stretched.get(name))];
      if (symbols.fonts.has(name)) return this.inFont(symbols.fonts.get(name), /^(rm|bf|it|cal)$/.test(name));
      if (TEXTS.has(name)) return this.text(this.rawArgument(), /bf$/.test(name) ? "bold" : "");
      if (IGNORED.has(name)) return [];
      const sized = /^(big|Big|bigg|Bigg)[lrm]?$/.exec(name);
      if (sized) {
        const size = `${SIZES[sized[1]]}em`;
        return fence(this.delimiter()).map((mark) => { mark.setAttribute("minsize", size); mark.setAttribute("maxsize", size); return mark; });
      }
      const rule = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : null;
      if (!rule) this.refuse(`\\${name}`);
      return rule(this);
    }

    named(name, limits) {
      const attributes = { "data-function": "", lspace: "0.1em", rspace: "0.167em", ...(limits ? { class: "limits", movablelimits: "true" } : {}) };
      return operator(name, attributes);
    }

    accented(name, mark, attributes = {}) {
      return element(name, [this.argument(), operator(mark, attributes)], { [name === "mover" ? "accent" : "accentunder"]: "true" });
    }

    /** An arrow or a brace as long as its argument; a script on it goes above or below. */
    stretched(name, mark) {
      const made = element(name, [this.argument(), operator(mark, { stretchy: "true" })]);
      if (/[⏞⏟]/.test(mark)) made.setAttribute("class", "limits");
      return made;
    }

    /** A font for one argument; the old switches hold to the end of the group, which restores the font. */
    inFont(font, isSwitch) {
      const before = this.font;
      this.font = font;
      if (isSwitch) return [];
      this.skipSpace();
      if (this.source[this.at] !== "{") {
        const one = this.argument();
        this.font = before;
        return [one];
      }
      this.at += 1;
      const start = this.at;
      const inside = this.group();
      this.font = before;
      const word = font === "upright" && /^[a-zA-Z .]{2,}$/.test(this.source.slice(start, this.at - 1));
      return word ? [element("mi", [this.source.slice(start, this.at - 1).replaceAll(" ", "\u00a0")])] : [row(inside)];
    }

    /** Words within a formula; formulas within those words. */
    text(source, style) {
      const found = [];
      for (const [index, part] of source.split(/(?<!\\)\$/).entries()) {
        if (index % 2) found.push(...new Parser(part).all());
        else if (part) {
          const words = part.replace(/\\([$%&#_{} ])/g, "$1").replace(/\\text(?:bf|rm|it)?\{([^{}\\]*)\}/g, "$1")
            .replace(/\\circ\b|\\degree\b/g, "°").replace(/[{}]/g, "").replaceAll("~", " ");
          if (words.includes("\\")) this.refuse("a command within text");
          found.push(element("mtext", [words.replace(/^\s+|\s+$/g, "\u00a0")], style ? { class: style } : {}));
        }
      }
      return found;
    }

    /** A delimiter after \left, \right or \big: a character, "" for a dot. */
    delimiter() {
      this.skipSpace();
      const name = this.peekCommand();
      if (name !== null) {
        this.at += name.length + 1;
        const known = LatexSymbols.fences.get(name) ?? { "{": "{", "}": "}", "|": "‖" }[name] ?? LatexSymbols.operators.get(name);
        return known ?? this.refuse(`\\${name} as a delimiter`);
      }
      const character = this.source[this.at];
      if (character === undefined || !"()[]|/.<>‖⟨⟩".includes(character)) this.refuse("no delimiter");
      this.at += 1;
      return { ".": "", "<": "⟨", ">": "⟩" }[character] ?? character;
    }

    fenced() {
      const parts = [...fence(this.delimiter())];
      for (;;) {
        parts.push(...this.nodes((parser) => ["right", "middle"].includes(parser.peekCommand())));
        const name = this.peekCommand();
        if (name === null) this.refuse("\\left without \\right");
        this.at += name.length + 1;
        parts.push(...fence(this.delimiter()));
        if (name === "right") return [element("mrow", parts)];
      }
    }

    environment() {
      const name = this.rawArgument();
      let columns = [];
      if (name === "array") {
        this.take("[t]");
        columns = this.rawArgument().replace(/\s|@\{[^}]*\}/g, "").match(/\|*[lcr]\|*/g) ?? [];
      } else if (name.startsWith("alignat")) this.rawArgument();
      else if (!Object.hasOwn(MATRICES, name) && !ALIGNED.has(name) && !GATHERED.has(name)) this.refuse(`environment ${name}`);
      const lines = this.rows(name);
      const table = element("mtable", lines.map((cells) => element("mtr", cells)));
      lines.forEach((cells) => cells.forEach((cell, index) => cell.classList.add(...this.sides(name, columns, index))));
      if (ALIGNED.has(name) || GATHERED.has(name)) table.setAttribute("displaystyle", "true");
      table.setAttribute("class", ALIGNED.has(name) ? "aligned" : name.endsWith("cases") ? "cases" : "matrix");
      const [left, right] = MATRICES[name] ?? ["", ""];
      return left || right ? [element("mrow", [...fence(left), table, ...fence(right)])] : [table];
    }

    /** The classes of a cell: its side, and the bars of an array. */
    sides(name, columns, index) {
      const aligned = name.startsWith("eqnarray") ? ["right", "centre", "left"][index % 3] : index % 2 ? "left" : "right";
      if (ALIGNED.has(name)) return [aligned];
      if (name.endsWith("cases")) return ["left"];
      const spec = columns[index];
      if (!spec) return ["centre"];
      const side = { l: "left", r: "right", c: "centre" }[/[lcr]/.exec(spec)[0]];
      return [side, ...(spec.startsWith("|") ? ["bar-left"] : []), ...(spec.endsWith("|") ? ["bar-right"] : [])];
    }

    /** The cells of each row of an environment, its \end read. */
    rows(name) {
      const lines = [[]];
      const ends = (parser) => parser.source[parser.at] === "&" || ["\\", "end", "cr", "hline", "cline", "tag"].includes(parser.peekCommand());
      const tags = new Map(); // of a row, wherever in it they stand
      let ruled = [];
      for (;;) {
        const inside = this.nodes(ends);
        const command = this.peekCommand();
        const rule = command === "hline" || command === "cline";
        if (inside.length || (!rule && (this.source[this.at] === "&" || lines.at(-1).length))) {
          const cell = element("mtd", inside);
          if (ruled.length && (ruled[0] === "all" || ruled.includes(lines.at(-1).length + 1))) cell.classList.add("ruled");
          lines.at(-1).push(cell);
        }
        if (this.take("&")) continue;
        if (command === null) this.refuse(`\\end{${name}} is missing`);
        this.at += command.length + 1;
        if (command === "end") {
          if (this.rawArgument() !== name) this.refuse("environments cross");
          if (ruled.length && !lines.at(-1).length && lines.length > 1) lines.at(-2).forEach((cell) => cell.classList.add("ruled-below"));
          for (const [cells, tag] of tags) cells.push(element("mtd", [element("mtext", [tag])]));
          return lines.filter((cells) => cells.length);
        }
        if (command === "tag") tags.set(lines.at(-1), `\u2003(${this.rawArgument().replaceAll("$", "")})`);
        else if (command === "hline") ruled = ["all"];
        else if (command === "cline") {
          const [first, last] = this.rawArgument().split("-").map(Number);
          if (!(last >= first && last < 100)) this.refuse("\\cline");
          ruled = ruled.concat(Array.from({ length: last - first + 1 }, (_, index) => first + index));
        } else {
          this.at += /^\*?(\[[^\]]{0,20}\])?/.exec(this.source.slice(this.at, this.at + 24))[0].length;
          if (lines.at(-1).length) ruled = [];
          lines.push([]);
        }
      }
    }

    all() {
      const found = this.nodes(() => false);
      if (this.at < this.source.length) this.refuse("something is left over");
      return found;
    }
  }

  const styled = (displaystyle, node) => [element("mstyle", [node], { displaystyle: String(displaystyle) })];
  const fraction = (parser, attributes = {}) => element("mfrac", [parser.argument(), parser.argument()], attributes);
  const binomial = (parser) => element("mrow", [...fence("("), fraction(parser, { linethickness: "0" }), ...fence(")")]);
  const classed = (name) => (parser) => [element("mrow", [parser.argument()], { class: name })];
  const character = (text) => () => [element("mi", [text], { mathvariant: "normal" })];
  const above = (name) => (parser) => { const mark = parser.argument(); return [element(name, [parser.argument(), mark])]; };
  const modulo = (parser) => [space(0.5), operator("("), element("mi", ["mod"]), space(0.33), parser.argument(), operator(")")];
  const dropped = (parser) => { parser.rawArgument(); return []; };
  const dimension = (parser) => { parser.rawArgument(); return [space(0.5)]; };
  const arrow = (mark) => (parser) => [element("mover", [operator(mark, { stretchy: "true", minsize: "1.5em" }), parser.argument()])];

  const COMMANDS = {
    frac: (parser) => [fraction(parser)],
    dfrac: (parser) => styled(true, fraction(parser)),
    cfrac: (parser) => styled(true, fraction(parser)),
    tfrac: (parser) => styled(false, fraction(parser)),
    binom: (parser) => [binomial(parser)],
    dbinom: (parser) => styled(true, binomial(parser)),
    tbinom: (parser) => styled(false, binomial(parser)),
    sqrt(parser) {
      if (!parser.take("[")) return [element("msqrt", [parser.argument()])];
      const index = row(parser.nodes((inner) => inner.source[inner.at] === "]"));
      if (!parser.take("]")) parser.refuse("a root's index is not closed");
      return [element("mroot", [parser.argument(), index])];
    },
    boxed: classed("boxed"), fbox: classed("boxed"), framebox: classed("boxed"),
    overline: classed("overline"), underline: classed("underline"), cancel: classed("cancel"), bcancel: classed("cancel"),
    cancelto(parser) {
      const value = parser.argument();
      return [element("msup", [row(classed("cancel")(parser)), value])];
    },
    left: (parser) => parser.fenced(),
    begin: (parser) => parser.environment(),
    "{": () => [operator("{", { stretchy: "false" })],
    "}": () => [operator("}", { stretchy: "false" })],
    "|": () => [operator("‖", { stretchy: "false", lspace: "0", rspace: "0" })],
    $: character("$"), "%": character("%"), "&": character("&"), "#": character("#"), _: character("_"),
    "\\": () => [space(1)], newline: () => [space(1)],
    "-": () => [], "/": () => [],
    operatorname: (parser) => [parser.named(parser.rawArgument().replace(/\\[,;! ]/g, " ").replace(/[\\{}$]/g, ""), false)],
    mathop: (parser) => [element("mrow", [parser.argument()], { class: "limits" })],
    mathrel: (parser) => [parser.argument()], mathbin: (parser) => [parser.argument()], mathord: (parser) => [parser.argument()],
    ensuremath: (parser) => [parser.argument()],
    stackrel: above("mover"), overset: above("mover"), underset: above("munder"),
    substack: (parser) => [parser.argument()],
    pmod: modulo,
    pod: (parser) => [space(0.5), operator("("), parser.argument(), operator(")")],
    bmod: () => [operator("mod", { lspace: "0.22em", rspace: "0.22em" })],
    mod: () => [space(1), operator("mod", { lspace: "0", rspace: "0.33em" })],
    not(parser) {
      const symbol = parser.argument();
      const text = symbol.textContent;
      return [operator(LatexSymbols.negated.get(text) ?? `${text}\u0338`)];
    },
    phantom: (parser) => [element("mphantom", [parser.argument()])],
    hphantom: (parser) => [element("mphantom", [parser.argument()])],
    vphantom: (parser) => [element("mpadded", [element("mphantom", [parser.argument()])], { width: "0" })],
    color: dropped, label: dropped, vspace: dropped, hspace: dimension, hskip: dimension,
    textcolor: (parser) => { parser.rawArgument(); return [parser.argument()]; },
    tag: (parser) => [space(2), element("mtext", [`(${parser.rawArgument().replaceAll("$", "")})`])],
    xrightarrow: arrow("→"), xleftarrow: arrow("←"),
  };

  /** The formula as a <math> element; null where it is not understood. */
  function render(source, display = false) {
    if (source.length > MAX_LENGTH) return null;
    try {
      const inside = element("mrow", new Parser(source).all());
      return element("math", [inside], { alttext: source.trim(), ...(display ? { display: "block" } : {}) });
    } catch (error) {
      if (error instanceof Unsupported) return null;
      throw error;
    }
  }

  return { render };
})();
