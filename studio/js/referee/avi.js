// The frames of an AVI of JPEGs, found in the file where they lie; nothing but headers is read before a frame is asked
// for. Knows as much of AVI as that takes: https://learn.microsoft.com/windows/win32/directshow/avi-riff-file-reference

const READ_AHEAD = 1 << 16;

/**
 * Reads the headers and finds the frames.
 * @param {Blob} file @returns {Promise<import('./bout.js').Frames|null>} null when it is not an AVI of JPEGs
 */
export async function readAvi(file) {
  const bytes = new Window(file);
  if (await bytes.tag(0) !== 'RIFF' || await bytes.tag(8) !== 'AVI ') return null;
  const found = { fps: 0, width: 0, height: 0, jpeg: false, stream: -1, streams: 0, frames: [] };
  await walk(bytes, 0, file.size, found);
  if (!found.jpeg || found.frames.length === 0 || !(found.fps > 0)) return null;
  const { fps, width, height, frames } = found;
  const frame = async (number) => {
    const { at, size } = frames[number];
    return file.slice(at, at + size, 'image/jpeg');
  };
  return { name: file.name ?? 'bout.avi', fps, width, height, count: frames.length, from: 'jpeg', frame, close() {} };
}

// Goes through the chunks between two places; lists are gone into, the rest is looked at or skipped.
async function walk(bytes, from, to, found) {
  for (let at = from; at + 8 <= to;) {
    const tag = await bytes.tag(at);
    const size = Math.min(await bytes.u32(at + 4), to - at - 8);
    if (tag === 'RIFF' || tag === 'LIST') await walk(bytes, at + 12, at + 8 + size, found);
    else await look(bytes, tag, at + 8, size, found);
    at += 8 + size + (size % 2);
  }
}

async function look(bytes, tag, at, size, found) {
  if (tag === 'strh') {
    if (await bytes.tag(at) === 'vids' && found.stream < 0) {
      found.stream = found.streams;
      found.fps = (await bytes.u32(at + 24)) / (await bytes.u32(at + 20)); // rate over scale
    }
    found.streams += 1;
  } else if (tag === 'strf' && found.stream === found.streams - 1) {
    [found.width, found.height] = [await bytes.u32(at + 4), Math.abs(await bytes.i32(at + 8))];
    found.jpeg = (await bytes.tag(at + 16)).toUpperCase() === 'MJPG';
  } else if (/^\d\dd[cb]$/.test(tag) && Number(tag.slice(0, 2)) === found.stream && size > 0) {
    found.frames.push({ at, size });
  }
}

// A file looked at through a window that moves along, since headers lie in order.
class Window {
  #view = new DataView(new ArrayBuffer(0));
  #from = 0;

  constructor(file) { this.file = file; }

  async #at(place) {
    if (place < this.#from || place + 4 > this.#from + this.#view.byteLength) {
      this.#from = place;
      this.#view = new DataView(await this.file.slice(place, place + READ_AHEAD).arrayBuffer());
    }
    return place - this.#from;
  }

  async u32(place) { const at = await this.#at(place); return at + 4 <= this.#view.byteLength ? this.#view.getUint32(at, true) : 0; }

  async i32(place) { return (await this.u32(place)) | 0; }

  async tag(place) {
    const value = await this.u32(place);
    return String.fromCharCode(value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24);
  }
}
