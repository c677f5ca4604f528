// Pictures: the samples, a file chosen, dropped or pasted. Gives each out as plain base64 ready to send.
// A file the browser can read is turned upright (phones store the rotation beside the pixels) and made no larger
// than a stream can use; one it cannot read goes as it is, so that the server says what is wrong with it.

import { listenForDrops } from './drop.js';

const LONGEST_SIDE = 2048;
const QUALITY = 0.92;

/** @typedef {{name:string, title:string, url:string, sample:boolean, blob:Blob, portrait:boolean}} Picture */

/** The samples that ship with the server. @returns {Promise<{name:string, title:string}[]>} */
export async function samples() {
  const response = await fetch('/studio/samples/index.json');
  return response.ok ? response.json() : [];
}

/** Loads one sample. @returns {Promise<Picture>} */
export async function loadSample({ name, title }) {
  const url = `/studio/samples/${name}.jpg`;
  const blob = await (await fetch(url)).blob();
  return { name, title, url, sample: true, blob, portrait: await isPortrait(blob) };
}

/** Makes a picture of a file. @param {File} file @returns {Promise<Picture>} */
export async function fromFile(file) {
  const blob = await upright(file).catch(() => file);
  return { name: file.name, title: file.name, url: URL.createObjectURL(blob), sample: false, blob, portrait: await isPortrait(blob) };
}

/** Plain base64 of a blob, without a `data:` prefix. @returns {Promise<string>} */
export function base64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

async function upright(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
  const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext('2d', { alpha: false });
  context.fillStyle = '#fff'; // what is see-through in the file is paper in the world
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('not encoded'))), 'image/jpeg', QUALITY);
  });
}

async function isPortrait(blob) {
  try {
    const bitmap = await createImageBitmap(blob);
    const portrait = bitmap.height > bitmap.width * 1.1;
    bitmap.close();
    return portrait;
  } catch {
    return false;
  }
}

/** Calls `onFile` for every picture dropped on or pasted into the page; `onOver` while one hovers over it. */
export function listenForFiles(onFile, onOver) {
  listenForDrops(([file]) => { if (file) onFile(file); }, onOver);
  addEventListener('paste', (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((f) => f.type.startsWith('image/'));
    if (file) onFile(file);
  });
}
