// The stages a visitor sees: the ten of the wire folded into five, and the two only the browser can know.
// `waiting` marks time in which nothing was done for the frame, so that waiting is never mistaken for work.

export const STAGES = [
  { name: 'input', waiting: false, from: ['input'], about: 'the server reads the action' },
  { name: 'queue', waiting: true, from: ['tick', 'queue', 'decode'], about: 'waiting for the next frame tick and for a free place', part: ['tick', ['tick']] },
  { name: 'wait', waiting: true, from: ['wait'], about: 'waiting for the device' },
  { name: 'infer', waiting: false, from: ['upload', 'infer', 'download'], about: 'the model draws', part: ['copy', ['upload', 'download']] },
  { name: 'encode', waiting: false, from: ['encode', 'send'], about: 'to JPEG, and handed to the socket', part: ['send', ['send']] },
  { name: 'net', waiting: true, from: [], about: 'socket to this page' },
  { name: 'paint', waiting: false, from: [], about: 'decoded here and put on the screen' },
];

const sum = (stages, names) => names.reduce((total, name) => total + stages[name], 0);

/**
 * Folds the stages of the wire and the browser's own two into the seven shown.
 * @param {Object<string,number>} wire ms a stage
 * @param {number} net ms @param {number} paint ms
 * @returns {{values:number[], parts:(number|null)[], total:number}} ms, in the order of STAGES
 */
export function fold(wire, net, paint) {
  const values = STAGES.map((stage) => {
    if (stage.name === 'net') return net;
    if (stage.name === 'paint') return paint;
    return sum(wire, stage.from);
  });
  const parts = STAGES.map((stage) => (stage.part ? sum(wire, stage.part[1]) : null));
  return { values, parts, total: values.reduce((a, b) => a + b, 0) };
}

/** Milliseconds for people: one decimal below 100, none above. */
export function ms(value) {
  return value < 99.95 ? value.toFixed(1) : Math.round(value).toString();
}
