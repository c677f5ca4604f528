// The strip of one frame: a bar as long as the frame took, cut into its stages, and the numbers under it.
// The bar follows every frame; the numbers change four times a second, so that they can be read.

import { STAGES, ms } from './stages.js';
import { scaleFor } from './timeline.js';

const NUMBERS_EVERY_MS = 250;

export class Strip {
  #timer = 0;
  #latest = null;
  #scale = 50;

  /** @param {Object<string, HTMLElement>} el bar, stages, total, mark, end */
  constructor(el) {
    this.el = el;
    this.segments = STAGES.map((stage) => el.bar.appendChild(segment(stage)));
    this.cells = STAGES.map((stage) => el.stages.appendChild(cell(stage)));
  }

  /** Milliseconds at the right end of the bar; shared with the plot. */
  get scale() { return this.#scale; }

  /**
   * Shows one frame. The scale follows the slow frames of the last seconds, not each single one, so that it holds
   * still; a frame beyond it fills the bar.
   * @param {import('./timeline.js').Entry} entry @param {number} slow ms, a high quantile @param {number} frameMs ms of a frame at the stream's rate
   */
  show(entry, slow, frameMs) {
    this.#scale = scaleFor(Math.max(slow, frameMs * 1.2));
    entry.values.forEach((value, i) => {
      this.segments[i].style.setProperty('--share', `${(100 * value) / this.#scale}%`);
    });
    if (!this.#latest) this.#numbers(entry, frameMs);
    this.#latest = entry;
    // The timer outlives the frame, so that the numbers end on the last frame when the world comes to rest.
    this.#timer ||= setTimeout(() => { this.#timer = 0; this.#numbers(this.#latest, frameMs); }, NUMBERS_EVERY_MS);
  }

  #numbers(entry, frameMs) {
    this.el.total.textContent = ms(entry.total);
    this.cells.forEach((el, i) => {
      el.querySelector('.value').textContent = ms(entry.values[i]);
      const part = entry.parts[i];
      const note = el.querySelector('.part');
      if (note) note.textContent = part >= 0.05 ? `${STAGES[i].part[0]} ${ms(part)}` : '';
    });
    this.el.mark.style.setProperty('--at', `${(100 * frameMs) / this.#scale}%`);
    this.el.mark.textContent = `${ms(frameMs)} one frame`;
    this.el.end.textContent = `${this.#scale} ms`;
    this.el.bar.setAttribute('aria-label', `${ms(entry.total)} milliseconds: ${STAGES.map((stage, i) => `${stage.name} ${ms(entry.values[i])}`).join(', ')}`);
  }
}

function segment(stage) {
  const el = document.createElement('i');
  el.className = `segment stage-${stage.name}${stage.waiting ? ' waiting' : ''}`;
  return el;
}

function cell(stage) {
  const el = document.createElement('div');
  el.title = stage.about;
  const swatch = segment(stage);
  swatch.className += ' swatch';
  const name = document.createElement('dt');
  name.append(swatch, stage.name);
  const value = document.createElement('dd');
  value.append(Object.assign(document.createElement('span'), { className: 'value', textContent: '–' }));
  if (stage.part) value.append(Object.assign(document.createElement('small'), { className: 'part' }));
  el.append(name, value);
  return el;
}
