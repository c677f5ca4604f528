// What is measured of the frames on the screen, and its places on the page: the strip, the plot, the facts.

import { nowMs } from './clock.js';
import { Plot } from './plot.js';
import { fold, ms } from './stages.js';
import { Strip } from './strip.js';
import { Timeline } from './timeline.js';

const FACTS_EVERY_MS = 250;
const $ = (id) => document.getElementById(id);

export class Meter {
  walked = false;
  #timeline = new Timeline();
  #strip = new Strip({ bar: $('strip-bar'), stages: $('stages'), total: $('total'), mark: $('scale-mark'), end: $('scale-end') });
  #plot = new Plot($('plot'), this.#timeline, this.#strip, nowMs);
  #pressed = null; // the first action of a press that no frame has answered yet
  #fps = 30;

  constructor() {
    setInterval(() => this.#facts(), FACTS_EVERY_MS);
  }

  /** A new stream: what was measured belongs to the old one. */
  reset() {
    this.#timeline.clear();
    this.#pressed = null;
    this.#plot.draw();
  }

  /** Takes the first message of a stream. */
  stream(message) {
    this.#fps = message.fps || 30;
    this.#plot.frameMs = 1000 / this.#fps;
    $('fact-size').textContent = `${message.width} × ${message.height}`;
  }

  /** Takes note of an action sent; `fresh` when a key was pressed just now. */
  acted(id, fresh) {
    this.walked = true;
    if (fresh) this.#pressed = { id, at: nowMs() };
  }

  /** Takes a frame that reached the screen. */
  painted({ frame, arrived, clock }, painted, skipped) {
    $('fact-frame').textContent = skipped ? `${frame.id.toLocaleString('en')} (${skipped} skipped)` : frame.id.toLocaleString('en');
    // A repeat or the start picture was not drawn for an action: it has no times of its own.
    if (frame.repeat || frame.start) return;
    this.#answer(frame.action, painted);
    const folded = fold(frame.stages, clock.net(frame.sentMs, arrived), painted - arrived);
    const entry = this.#timeline.add(painted, folded);
    this.#strip.show(entry, this.#timeline.quantile(0.99), 1000 / this.#fps);
    this.#plot.wake();
  }

  #answer(action, painted) {
    if (!this.#pressed || action < this.#pressed.id) return;
    $('fact-key').textContent = `${ms(painted - this.#pressed.at)} ms`;
    this.#pressed = null;
  }

  #facts() {
    const now = nowMs();
    const rate = this.#timeline.rate(now);
    $('fact-rate').textContent = rate ? `${rate} fps` : 'still';
    if (this.#timeline.entries.length === 0) return;
    const say = (id, value) => { $(id).textContent = value === null ? '–' : ms(value); };
    say('q50', this.#timeline.quantile(0.5));
    say('q95', this.#timeline.quantile(0.95));
    say('q99', this.#timeline.quantile(0.99));
    say('q-interval', this.#timeline.interval());
  }
}
