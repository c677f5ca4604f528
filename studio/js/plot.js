// The last ten seconds, moving: each frame is one thread from bottom to top, made of its stages, and a dot
// tells the time since the frame before. Draws only while there is something to move.

import { STAGES } from './stages.js';
import { WINDOW_MS } from './timeline.js';

const GUTTER = 44; // CSS px at the right, for the scale
const calm = matchMedia('(prefers-reduced-motion: reduce)');

export class Plot {
  #running = false;
  #lastDraw = 0;
  #colours = null;

  /** @param {HTMLCanvasElement} canvas @param {import('./timeline.js').Timeline} timeline @param {import('./strip.js').Strip} strip @param {() => number} clock ms */
  constructor(canvas, timeline, strip, clock) {
    Object.assign(this, { canvas, timeline, strip, clock });
    this.frameMs = 1000 / 30;
    addEventListener('themechange', () => { this.#colours = null; this.draw(); });
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  /** Starts moving; stops by itself when the last frame has left. */
  wake() {
    if (this.#running) return;
    this.#running = true;
    requestAnimationFrame((t) => this.#step(t));
  }

  #step(time) {
    // Thirty draws a second are as smooth as the frames themselves; two when the visitor wants little motion.
    if (time - this.#lastDraw > (calm.matches ? 490 : 30)) {
      this.#lastDraw = time;
      this.draw();
    }
    if (this.timeline.entries.length === 0) { this.#running = false; return; }
    requestAnimationFrame((t) => this.#step(t));
  }

  /** Draws the present moment. */
  draw() {
    const now = this.clock();
    this.timeline.trim(now);
    const context = this.#prepare();
    const width = this.canvas.clientWidth - GUTTER;
    const height = this.canvas.clientHeight;
    const y = (value) => height - 1 - Math.min(1, value / this.strip.scale) * (height - 8);
    const x = (at) => width - ((now - at) / WINDOW_MS) * width;
    this.#guides(context, width, height, y);
    if (this.timeline.entries.length === 0) this.#caption(context, width, height);
    this.#threads(context, width, x, y);
    this.#intervals(context, x, y);
  }

  #prepare() {
    const ratio = devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.canvas;
    const [w, h] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
    if (this.canvas.width !== w || this.canvas.height !== h) Object.assign(this.canvas, { width: w, height: h });
    this.#colours ??= readColours(this.canvas);
    const context = this.canvas.getContext('2d');
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, clientWidth, clientHeight);
    return context;
  }

  #guides(context, width, height, y) {
    const { line, faint, font } = this.#colours;
    context.fillStyle = line;
    context.fillRect(0, height - 1, width, 1);
    for (let x = 0; x <= 10; x += 1) context.fillRect(Math.round((x * width) / 10), height - 4, 1, 3);
    const guide = Math.round(y(this.frameMs));
    for (let x = 0; x < width; x += 6) context.fillRect(x, guide, 2, 1);
    context.fillStyle = faint;
    context.font = font;
    context.textBaseline = 'middle';
    context.fillText(`${Math.round(this.frameMs)} ms`, width + 6, guide);
  }

  #caption(context, width, height) {
    context.fillStyle = this.#colours.faint;
    context.font = this.#colours.text;
    const more = width > 560 ? ', each dot the time since the one before' : '';
    context.fillText(`Each thread is one frame${more}. Walk to see them.`, 0, height - 18);
  }

  #threads(context, width, x, y) {
    const { stages } = this.#colours;
    // A thread is a little thinner than the way between two frames at the stream's rate.
    const thick = Math.max(1, ((this.frameMs / WINDOW_MS) * width) * 0.72);
    for (const entry of this.timeline.entries) {
      let below = 0;
      entry.values.forEach((value, i) => {
        const [bottom, top] = [y(below), y(below + value)];
        context.globalAlpha = STAGES[i].waiting ? 0.4 : 1;
        context.fillStyle = stages[i];
        context.fillRect(x(entry.at) - thick, top, thick, bottom - top);
        below += value;
      });
    }
    context.globalAlpha = 1;
  }

  #intervals(context, x, y) {
    context.fillStyle = this.#colours.ink;
    for (const { at, interval } of this.timeline.entries) {
      if (interval !== null) context.fillRect(x(at) - 2, y(interval) - 1, 2, 2);
    }
  }
}

// The colours live in the style sheet; a canvas has to be told them.
function readColours(canvas) {
  const probe = document.createElement('i');
  canvas.parentElement.append(probe);
  const read = (name) => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };
  const colours = {
    line: read('--line'), faint: read('--ink-3'), ink: read('--ink'),
    stages: STAGES.map((stage) => read(`--stage-${stage.name}`)),
    text: `13px ${getComputedStyle(probe).getPropertyValue('--sans')}`,
    font: `10px ${getComputedStyle(probe).getPropertyValue('--mono')}`,
  };
  probe.remove();
  return colours;
}
