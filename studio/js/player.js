// Puts frames on the canvas. The newest frame wins: while one is being decoded at most one other waits, and a
// newer one takes its place. `skipped` counts the frames that arrived and were never shown.

import { nowMs } from './clock.js';

export class Player {
  skipped = 0;
  #canvas;
  #context;
  #onPainted;
  #decoding = false;
  #waiting = null;
  #drawn = null;

  /** @param {HTMLCanvasElement} canvas @param {(shown:object, paintedMs:number) => void} onPainted */
  constructor(canvas, onPainted) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d', { alpha: false });
    this.#onPainted = onPainted;
  }

  /** Takes `{frame, arrived, clock}`; it comes back through `onPainted` once it is on the screen. */
  offer(shown) {
    if (this.#decoding) {
      if (this.#waiting) this.skipped += 1;
      this.#waiting = shown;
    } else {
      this.#decode(shown);
    }
  }

  async #decode(shown) {
    this.#decoding = true;
    try {
      const bitmap = await createImageBitmap(new Blob([shown.frame.jpeg], { type: 'image/jpeg' }));
      this.#draw(bitmap, shown);
      bitmap.close();
    } catch {
      this.skipped += 1; // a picture that does not decode is a frame not shown; the next one stands for itself
    }
    this.#decoding = false;
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting) this.#decode(waiting);
  }

  #draw(bitmap, shown) {
    if (this.#canvas.width !== bitmap.width || this.#canvas.height !== bitmap.height) {
      this.#canvas.width = bitmap.width;
      this.#canvas.height = bitmap.height;
    }
    this.#context.drawImage(bitmap, 0, 0);
    this.#awaitPaint(shown);
  }

  // The browser composites a drawn canvas in its next rendering step, which begins with the animation frame
  // callbacks: the time in the callback is the moment at which this frame goes to the screen.
  #awaitPaint(shown) {
    const first = this.#drawn === null;
    if (!first) this.skipped += 1;
    this.#drawn = shown;
    if (!first) return;
    requestAnimationFrame(() => {
      const painted = this.#drawn;
      this.#drawn = null;
      this.#onPainted(painted, nowMs());
    });
  }
}
