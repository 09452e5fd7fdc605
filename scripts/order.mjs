/** Which functions of a wasm module lie side by side: what is alike compresses better there. */

/** How many bytes of code are compared at a time: about one instruction and its operands. */
const PIECE = 4;
const SECTION = { custom: 0, import: 2, code: 10 };
const FUNCTION = 0;

/** `wasm`, which names no function, with names that sort its functions: after each comes what shares most with it. */
export function nameInOrder(wasm) {
  const { imports, bodies } = functionsOf(wasm);
  const names = likeByLike(bodies).map((index, place) => [imports + index, String(place).padStart(5, "0")]);
  const map = names.sort(([one], [other]) => one - other).map(([index, name]) => [...leb(index), ...text(name)]);
  const functions = [...leb(map.length), ...map.flat()];
  const content = [...text("name"), 1, ...leb(functions.length), ...functions];
  return Buffer.concat([wasm, Buffer.from([SECTION.custom, ...leb(content.length), ...content])]);
}

/** The places of `bodies` in their new order, from the longest on. */
function likeByLike(bodies) {
  const pieces = bodies.map((body) => new Set(Array.from({ length: Math.max(0, body.length - PIECE + 1) }, (_, at) => body.readUInt32LE(at))));
  const having = new Map();
  for (const [place, set] of pieces.entries()) {
    for (const piece of set) {
      if (!having.has(piece)) having.set(piece, []);
      having.get(piece).push(place);
    }
  }
  const left = new Set(bodies.keys());
  const order = [];
  let next = bodies.reduce((longest, body, place) => (body.length > bodies[longest].length ? place : longest), 0);
  while (next !== undefined) {
    left.delete(next);
    order.push(next);
    const shared = new Array(bodies.length).fill(0);
    for (const piece of pieces[next]) for (const place of having.get(piece)) shared[place]++;
    // By its size, or the longest would be like everything.
    const likeness = (place) => shared[place] / Math.sqrt(pieces[place].size + 1);
    next = undefined;
    for (const place of left) if (next === undefined || likeness(place) > likeness(next)) next = place;
  }
  return order;
}

/** How many functions the module imports, and the bodies of its own. */
function functionsOf(wasm) {
  let at = 8;
  let imports = 0;
  const bodies = [];
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = wasm[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  const skip = (length) => (at += length);
  while (at < wasm.length) {
    const section = wasm[at++];
    const end = number() + at;
    if (section === SECTION.import) {
      for (let left = number(); left > 0; left--) {
        skip(number());
        skip(number());
        if (wasm[at++] !== FUNCTION) throw new Error("the module imports something else than functions");
        number();
        imports++;
      }
    } else if (section === SECTION.code) {
      for (let left = number(); left > 0; left--) {
        const length = number();
        bodies.push(wasm.subarray(at, skip(length)));
      }
    }
    at = end;
  }
  return { imports, bodies };
}

function text(value) {
  return [...leb(value.length), ...Buffer.from(value)];
}

function leb(value) {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}
