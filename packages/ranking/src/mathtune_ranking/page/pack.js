"use strict";
// The packed blocks of the page, unpacked when they are asked for.
const Pack = (() => {
  const unpacked = new Map();

  async function unpack(name) {
    const block = document.getElementById(`data-${name}`);
    const characters = atob(block.textContent);
    const bytes = new Uint8Array(characters.length);
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = characters.charCodeAt(at);
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
