"use strict";
// What LaTeX names, as characters. No markup here: mathml.js makes elements of it.
const LatexSymbols = (() => {
  const table = (text) => new Map(text.trim().split(/\s+/).map((pair) => [pair.slice(0, -[...pair].at(-1).length), [...pair].at(-1)]));

  const letters = table(`
    alphaα betaβ gammaγ deltaδ epsilonϵ varepsilonε zetaζ etaη thetaθ varthetaϑ iotaι kappaκ lambdaλ muμ nuν xiξ
    piπ varpiϖ rhoρ varrhoϱ sigmaσ varsigmaς tauτ upsilonυ phiϕ varphiφ chiχ psiψ omegaω GammaΓ DeltaΔ ThetaΘ
    LambdaΛ XiΞ PiΠ SigmaΣ UpsilonΥ PhiΦ PsiΨ OmegaΩ ellℓ hbarℏ imathı jmathȷ wp℘ Reℜ Imℑ alephℵ infty∞ emptyset∅
    varnothing∅ nabla∇ partial∂ forall∀ exists∃ nexists∄ angle∠ measuredangle∡ triangle△ square□ Box□ blacksquare■
    diamond⋄ Diamond◇ star⋆ bigstar★ clubsuit♣ diamondsuit♢ heartsuit♡ spadesuit♠ top⊤ bot⊥ prime′ degree° pounds£
    euro€ checkmark✓ ldots… dots… dotsc… cdots⋯ dotsb⋯ dotsm⋯ dotsi⋯ vdots⋮ ddots⋱ S§ P¶ bigcirc◯ blacktriangle▲
    lozenge◊ complement∁ textdegree°`);

  const operators = table(`
    times× div÷ cdot⋅ pm± mp∓ ast∗ circ∘ bullet∙ oplus⊕ ominus⊖ otimes⊗ odot⊙ cap∩ cup∪ setminus∖ smallsetminus∖
    wedge∧ land∧ vee∨ lor∨ neg¬ lnot¬ le≤ leq≤ leqslant⩽ ge≥ geq≥ geqslant⩾ ne≠ neq≠ equiv≡ approx≈ sim∼ simeq≃ cong≅
    propto∝ ll≪ gg≫ in∈ notin∉ ni∋ subset⊂ supset⊃ subseteq⊆ supseteq⊇ subsetneq⊊ mid∣ nmid∤ parallel∥ nparallel∦
    perp⊥ to→ rightarrow→ longrightarrow⟶ leftarrow← longleftarrow⟵ gets← leftrightarrow↔ longleftrightarrow⟷
    Rightarrow⇒ Longrightarrow⟹ implies⟹ Leftarrow⇐ Longleftarrow⟸ impliedby⟸ Leftrightarrow⇔
    Longleftrightarrow⟺ iff⟺ mapsto↦ longmapsto⟼ uparrow↑ downarrow↓ updownarrow↕ nearrow↗ searrow↘ hookrightarrow↪
    therefore∴ because∵ colon: models⊨ vdash⊢ prec≺ succ≻ lt< gt> doteq≐ asymp≍ bowtie⋈ dagger† ddagger‡ amalg⨿
    rightleftharpoons⇌ leadsto⇝ triangleq≜ coloneqq≔ backslash\\ smile⌣ frown⌢ vartriangle△ cdotp·`);

  const fences = table(`
    lbrace{ rbrace} lbrack[ rbrack] langle⟨ rangle⟩ lceil⌈ rceil⌉ lfloor⌊ rfloor⌋ vert| lvert| rvert| Vert‖ lVert‖ rVert‖
    lgroup⟮ rgroup⟯`);

  // Operators that take limits above and below in display style.
  const big = table(`sum∑ prod∏ coprod∐ bigcup⋃ bigcap⋂ bigvee⋁ bigwedge⋀ bigoplus⨁ bigotimes⨂`);
  const integrals = table(`int∫ iint∬ iiint∭ oint∮`);
  const limits = new Set(["lim", "max", "min", "sup", "inf", "gcd", "lcm", "det", "Pr", "limsup", "liminf", "argmax", "argmin"]);
  const functions = new Set(
    ("sin cos tan cot sec csc arcsin arccos arctan arccot arcsec arccsc sinh cosh tanh coth log ln lg exp deg dim ker hom arg"
    ).split(" ").concat([...limits]));

  // In em, as in TeX; a negative space is none.
  const spaces = new Map([
    [",", 0.167], ["thinspace", 0.167], [":", 0.222], [">", 0.222], ["medspace", 0.222], [";", 0.278], ["thickspace", 0.278],
    [" ", 0.25], ["~", 0.25], ["space", 0.25], ["nobreakspace", 0.25], ["enspace", 0.5], ["quad", 1], ["qquad", 2],
    ["!", 0], ["negthinspace", 0],
  ]);

  const accents = table("hat^ widehat^ check\u02c7 tilde~ widetilde~ bar¯ vec→ dot˙ ddot¨ acute´ grave` breve˘ mathring˚");
  const stretched = new Map([
    ["overrightarrow", ["mover", "→"]], ["overleftarrow", ["mover", "←"]], ["overleftrightarrow", ["mover", "↔"]],
    ["overbrace", ["mover", "⏞"]], ["underbrace", ["munder", "⏟"]], ["overparen", ["mover", "⏜"]], ["wideparen", ["mover", "⏜"]],
    ["overarc", ["mover", "⏜"]], ["underrightarrow", ["munder", "→"]],
  ]);
  const negated = table("=≠ ∈∉ ≡≢ ∣∤ |∤ <≮ >≯ ≤≰ ≥≱ ⊂⊄ ⊆⊈ ∼≁ ≅≇ ≈≉ ∥∦ ∃∄");

  // The mathematical alphabets: where A, a and 0 stand, and the letters that Unicode had before.
  const alphabets = {
    bold: { upper: 0x1d400, lower: 0x1d41a, digit: 0x1d7ce },
    blackboard: { upper: 0x1d538, lower: 0x1d552, digit: 0x1d7d8, known: table("Cℂ Hℍ Nℕ Pℙ Qℚ Rℝ Zℤ") },
    script: { upper: 0x1d49c, lower: 0x1d4b6, known: table("Bℬ Eℰ Fℱ Hℋ Iℐ Lℒ Mℳ Rℛ eℯ gℊ oℴ") },
    fraktur: { upper: 0x1d504, lower: 0x1d51e, known: table("Cℭ Hℌ Iℑ Rℜ Zℨ") },
    sans: { upper: 0x1d5a0, lower: 0x1d5ba, digit: 0x1d7e2 },
    typewriter: { upper: 0x1d670, lower: 0x1d68a, digit: 0x1d7f6 },
  };
  const fonts = new Map(Object.entries({
    mathbf: "bold", bold: "bold", boldsymbol: "bold", bm: "bold", bf: "bold", mathbb: "blackboard", Bbb: "blackboard",
    mathcal: "script", mathscr: "script", cal: "script", mathfrak: "fraktur", mathsf: "sans", mathtt: "typewriter",
    mathrm: "upright", rm: "upright", mathnormal: null, mathit: null, it: null,
  }));

  /** A letter or digit in a font; itself where the font has none. */
  function inFont(character, font) {
    const alphabet = alphabets[font];
    if (!alphabet) return character;
    if (alphabet.known?.has(character)) return alphabet.known.get(character);
    for (const [first, last, start] of [["A", "Z", alphabet.upper], ["a", "z", alphabet.lower], ["0", "9", alphabet.digit]]) {
      if (start && character >= first && character <= last) {
        return String.fromCodePoint(start + character.codePointAt(0) - first.codePointAt(0));
      }
    }
    return character;
  }

  return { letters, operators, fences, big, integrals, limits, functions, spaces, accents, stretched, negated, fonts, inFont };
})();
