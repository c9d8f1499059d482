"use strict";
// The packed blocks of the page, unpacked when they are asked for.
const Pack = (() => {
  const unpacked = new Map();

  async function unpack(name) {
    const block = document.getElementById(`data-${name}`);
    const bytes = Uint8Array.from(atob(block.textContent.trim()), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const value = await new Response(stream).json();
    block.remove(); // its text is as large as the rest of the page
    return value;
  }

  /** The JSON of a block. */
  function read(name) {
    if (!unpacked.has(name)) unpacked.set(name, unpack(name));
    return unpacked.get(name);
  }

  return { read };
})();
