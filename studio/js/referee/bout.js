// What is judged: a bout as numbered JPEGs, wherever they come from, or a file that only the server can read.

import { readAvi } from './avi.js';
import { openVideo } from './capture.js';

/**
 * A bout whose frames this page has.
 * @typedef {{name:string, fps:number, width:number, height:number, count:number, from:'jpeg'|'captured',
 *   frame:(number:number) => Promise<Blob>, close:() => void}} Frames
 * A bout that goes to the server as the file it is.
 * @typedef {{name:string, file:File, from:'file'}} Whole
 * @typedef {Frames|Whole} Bout
 */

const NAMES = { jpeg: 'Sent frame by frame, as the file holds them.', captured: 'Sent frame by frame, 15 a second, as this browser plays it.', file: 'This browser cannot play it: the whole file goes to the server.' };

/** How a bout will get to the server, in words. @param {Bout} bout */
export const way = (bout) => NAMES[bout.from];

/**
 * Opens a video file the best way there is: an AVI of JPEGs as it is, so that not a bit is lost; anything that the
 * browser plays by playing it; the rest by leaving it to the server.
 * @param {File} file @returns {Promise<Bout>}
 */
export async function open(file) {
  return (await readAvi(file)) ?? (await openVideo(file)) ?? { name: file.name, file, from: 'file' };
}

/** Whether a file is rather a signal than a video. @param {File} file */
export const isSignal = (file) => file.type.startsWith('text/') || /\.(txt|log)$/i.test(file.name);
