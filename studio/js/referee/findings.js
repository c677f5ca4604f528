// A verdict on the page: the headline, how sure, the evidence that leads to its frames, and the files.

import { at } from './address.js';
import { FILES, headline } from './words.js';
import { middleOf, shows } from './result.js';

export class FindingsView {
  /** @param {Object<string, HTMLElement>} el verdict, title, why, sure, sureValue, sureBar, findings, evidence, filesSection, files
   *  @param {(seconds:number) => void} onSeek */
  constructor(el, onSeek) { Object.assign(this, { el, onSeek }); }

  /** Says something where the verdict will stand. */
  say(title, why, state = '') {
    const { el } = this;
    el.verdict.dataset.winner = state;
    el.title.textContent = title;
    el.why.textContent = why;
    for (const part of [el.sure, el.findings, el.filesSection]) part.hidden = true;
  }

  /** Shows a verdict. @param {import('./result.js').Findings} findings */
  show(findings) {
    const { el } = this;
    const { who, rest, why } = headline(findings);
    this.say('', why, findings.winner);
    el.title.replaceChildren(...(who ? [make('b', { textContent: who })] : []), rest);
    this.#sure(findings);
    el.findings.hidden = findings.winner === 'skipped';
    el.evidence.replaceChildren(...findings.evidence.map((entry) => this.#line(entry)));
    el.filesSection.hidden = findings.files.length === 0;
    el.files.replaceChildren(...findings.files.map(file));
  }

  /** Marks the evidence of the frame on the stage. @param {number} seconds its beginning @param {number} fps how many there are a second */
  at(seconds, fps) {
    for (const button of this.el.evidence.querySelectorAll('button')) {
      const here = shows(seconds, fps, Number(button.dataset.frame));
      if (here) button.setAttribute('aria-current', 'true'); else button.removeAttribute('aria-current');
    }
  }

  #sure({ confidence, winner }) {
    const known = confidence !== null && (winner === 'left' || winner === 'right');
    this.el.sure.hidden = !known;
    if (!known) return;
    this.el.sureValue.textContent = `${Math.round(100 * confidence)} %`;
    this.el.sureBar.style.setProperty('--share', `${200 * Math.max(0, confidence - 0.5)}%`);
  }

  #line({ frame, time, fact }) {
    const button = make('button', { type: 'button' });
    Object.assign(button.dataset, { frame, time });
    button.append(make('time', { textContent: `${time.toFixed(2)} s` }), make('small', { textContent: `frame ${frame}` }), make('span', { textContent: fact }));
    button.addEventListener('click', () => this.onSeek(middleOf(frame)));
    const item = make('li');
    item.append(button);
    return item;
  }
}

function file({ kind, name, url }) {
  const link = make('a', { href: at(url), download: name });
  link.append(make('span', { textContent: FILES[kind] ?? kind.replaceAll('_', ' ') }), make('small', { textContent: name }));
  const item = make('li');
  item.append(link);
  return item;
}

const make = (tag, properties = {}) => Object.assign(document.createElement(tag), properties);
