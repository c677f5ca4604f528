// How far it is: what was sent and how fast, and the server's five stages.

import { STAGES } from './words.js';

const RATE_OVER_MS = 2000;
const SHOW_EVERY_MS = 120;

export class Progress {
  #total = 0;
  #done = 0;
  #unit = 'frames';
  #marks = [];       // {at, bytes, done} of the last moments: the rate is what happened between first and last
  #bytes = 0;
  #shown = 0;

  /** @param {Object<string, HTMLElement>} el send, count, bar, rate, work */
  constructor(el) {
    this.el = el;
    this.stages = Object.fromEntries(Object.entries(STAGES).map(([name, title]) => [name, stage(el.work, name, title)]));
  }

  /** Begins anew. @param {number} total frames, or bytes */
  start(total, unit = 'frames') {
    [this.#total, this.#done, this.#bytes, this.#unit, this.#shown] = [total, 0, 0, unit, 0];
    this.#marks = [];
    this.el.send.classList.remove('lost');
    for (const name of Object.keys(this.stages)) this.stage(name, -1, '');
    this.#show();
  }

  /** So many frames are at the server already: a session that is resumed goes on from there. */
  held(frames) {
    this.#done = frames;
    this.#marks = [];
    this.el.send.classList.remove('lost');
    this.#show();
  }

  /** One more frame of so many bytes has been acknowledged. */
  sent(bytes) { this.#add(1, bytes); }

  /** So many bytes of a file are out. */
  upTo(bytes) { this.#add(bytes - this.#done, bytes - this.#done); }

  /** All is there. */
  all() { this.#done = this.#total; this.#show(); }

  /** The connection is gone. */
  lost() { this.el.send.classList.add('lost'); this.el.rate.textContent = 'waiting for the server'; }

  /** Where a stage stands. @param {number} share 0 to 1; -1: not begun */
  stage(name, share, message) {
    const el = this.stages[name];
    if (!el) return;
    const percent = Math.round(100 * Math.max(0, share));
    el.row.dataset.state = share < 0 ? 'waiting' : share < 1 ? 'working' : 'done';
    el.bar.style.setProperty('--share', `${percent}%`);
    el.track.setAttribute('aria-valuenow', String(percent));
    el.value.textContent = share < 0 ? '' : `${percent} %`;
    el.message.textContent = message;
    el.message.title = message;
  }

  #add(done, bytes) {
    this.#done += done;
    this.#bytes += bytes;
    const now = performance.now();
    this.#marks.push({ at: now, bytes: this.#bytes, done: this.#done });
    while (this.#marks.length > 2 && now - this.#marks[0].at > RATE_OVER_MS) this.#marks.shift();
    if (now - this.#shown > SHOW_EVERY_MS || this.#done >= this.#total) { this.#shown = now; this.#show(); }
  }

  #show() {
    const share = this.#total ? Math.min(1, this.#done / this.#total) : 0;
    this.el.bar.style.setProperty('--share', `${100 * share}%`);
    this.el.send.setAttribute('aria-valuenow', String(Math.round(100 * share)));
    const say = this.#unit === 'frames' ? String : size;
    this.el.count.textContent = this.#total ? `${say(this.#done)} of ${say(this.#total)}${this.#unit === 'frames' ? ' frames' : ''}` : '–';
    this.el.rate.textContent = this.#rate(share);
  }

  #rate(share) {
    const [first, last] = [this.#marks[0], this.#marks.at(-1)];
    const seconds = first && (last.at - first.at) / 1000;
    if (!(seconds > 0)) return '\u00a0';
    const [bytes, done] = [(last.bytes - first.bytes) / seconds, (last.done - first.done) / seconds];
    const parts = [`${size(bytes)}/s`];
    if (this.#unit === 'frames') parts.push(`${Math.round(done)} frames/s`);
    if (share < 1 && done > 0) parts.push(`${Math.ceil((this.#total - this.#done) / done)} s left`);
    return parts.join(' · ');
  }
}

/** Bytes for people. */
export function size(bytes) {
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  return `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
}

function stage(list, name, title) {
  const row = make('li', { className: '' });
  row.dataset.stage = name;
  const track = make('div', { className: 'track' });
  const bar = make('i');
  track.append(bar);
  for (const [key, value] of Object.entries({ role: 'progressbar', 'aria-label': title, 'aria-valuemin': 0, 'aria-valuemax': 100 })) track.setAttribute(key, value);
  const value = make('output');
  const message = make('p', { className: 'fine' });
  row.append(make('span', { textContent: title }), track, value, message);
  list.append(row);
  return { row, track, bar, value, message };
}

const make = (tag, properties = {}) => Object.assign(document.createElement(tag), properties);
