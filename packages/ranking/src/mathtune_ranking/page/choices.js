"use strict";
// Charts and tables of which one is shown at a time, and legends that hide lines.
(() => {
  for (const chooser of document.querySelectorAll("select[data-chooses]")) {
    const panels = [...document.getElementById(chooser.dataset.chooses).children];
    const choose = () => panels.forEach((panel) => { panel.hidden = panel.dataset.name !== chooser.value; });
    chooser.closest("label").hidden = false;
    chooser.addEventListener("change", choose);
    choose();
  }
  for (const box of document.querySelectorAll("input[data-hides]")) {
    const scope = box.closest("section");
    const toggle = () => {
      for (const group of scope.querySelectorAll("g[data-series]")) {
        if (group.dataset.series === box.dataset.hides) group.classList.toggle("off", !box.checked);
      }
    };
    box.addEventListener("change", toggle);
    toggle(); // a browser may keep the box as it was before a reload
  }
})();
