"use strict";
// Texts of the page with formulas in them; without JavaScript they stand there as LaTeX.
for (const text of document.querySelectorAll("[data-prose]")) text.replaceChildren(Prose.render(text.textContent));
