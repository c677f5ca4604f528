// The connection state in the head of the page, and what there is to say about it over the picture.

import { label } from './state.js';

// Opening is usually over before it could be read about.
const OPENING_AFTER_MS = 600;

export class Notice {
  #count = 0;
  #faultTimer = 0;
  #opening = 0;

  /** @param {Object<string, HTMLElement>} el link, linkText, stage, box, text, act, stop @param {() => void} onAct */
  constructor(el, onAct) {
    this.el = el;
    el.act.addEventListener('click', onAct);
  }

  /** Renders a state of the connection; every state has its look. */
  state(state) {
    const { link, linkText, stage, stop } = this.el;
    link.dataset.state = stage.dataset.state = state.name;
    linkText.textContent = label(state);
    stop.textContent = state.name === 'ended' || state.name === 'error' ? 'Start' : 'Stop';
    clearInterval(this.#count);
    clearTimeout(this.#opening);
    if (state.name === 'reconnecting') return this.#countdown(state);
    if (state.name === 'connecting') this.#opening = setTimeout(() => this.#say('Opening the picture…'), OPENING_AFTER_MS);
    const act = { ended: 'Walk again', error: 'Try again' }[state.name];
    this.#say(state.text, act);
  }

  /** Shows an error the server sent over a stream that goes on; it leaves after a while. */
  fault(text) {
    this.#say(text);
    clearTimeout(this.#faultTimer);
    this.#faultTimer = setTimeout(() => { if (this.el.text.textContent === text) this.#say(); }, 8000);
  }

  #countdown(state) {
    const say = () => {
      const left = state.retryAt ? Math.ceil((state.retryAt - performance.now()) / 1000) : 0;
      this.#say(left > 0 ? `${state.text} Trying again in ${left} s.` : `${state.text} Trying again…`, 'Try now');
    };
    say();
    if (state.retryAt) this.#count = setInterval(say, 500);
  }

  #say(text, act) {
    const { box, text: out, act: button } = this.el;
    box.hidden = !text;
    if (out.textContent !== (text ?? '')) out.textContent = text ?? '';
    button.hidden = !act;
    if (act) button.textContent = act;
  }
}
