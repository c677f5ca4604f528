// The frame of the WebSocket twin: one binary message, little-endian, an 80-byte header and a JPEG.
// Decodes and checks; knows nothing of sockets or canvases.

const MAGIC = 0x46574c46; // "FLWF" read as a little-endian u32
const MIN_HEADER = 80;
const FLAG_REPEAT = 1;
const FLAG_START = 2;

/** Stage names in the order of the wire. */
export const WIRE_STAGES = ['input', 'tick', 'queue', 'decode', 'wait', 'upload', 'infer', 'download', 'encode', 'send'];

/**
 * Decodes one frame message.
 * @param {ArrayBuffer} buffer
 * @returns {{id:number, action:number, sentMs:number, repeat:boolean, start:boolean, stages:Object<string,number>,
 *            width:number, height:number, jpeg:Uint8Array}} times in ms; `sentMs` since the Unix epoch, server clock
 * @throws {Error} when the message is not a frame this page understands
 */
export function decodeFrame(buffer) {
  if (buffer.byteLength < MIN_HEADER) throw new Error('frame shorter than its header');
  const view = new DataView(buffer);
  if (view.getUint32(0, true) !== MAGIC) throw new Error('not a Frameloom frame');
  if (view.getUint8(4) !== 1) throw new Error(`frame version ${view.getUint8(4)} is not known to this page`);
  const header = view.getUint16(6, true);
  const length = view.getUint32(76, true);
  if (header < MIN_HEADER || header + length > buffer.byteLength) throw new Error('frame shorter than it says');
  const flags = view.getUint8(5);
  const stages = {};
  WIRE_STAGES.forEach((name, i) => { stages[name] = view.getUint32(32 + 4 * i, true) / 1000; });
  return {
    id: Number(view.getBigUint64(8, true)),
    action: Number(view.getBigUint64(16, true)),
    sentMs: Number(view.getBigUint64(24, true)) / 1000,
    repeat: (flags & FLAG_REPEAT) !== 0,
    start: (flags & FLAG_START) !== 0,
    stages,
    width: view.getUint16(72, true),
    height: view.getUint16(74, true),
    jpeg: new Uint8Array(buffer, header, length),
  };
}
