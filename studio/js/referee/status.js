// How it stands in the head of the page, and what there is to say about it over the picture.

const PHASES = { opening: ['connecting', 'Connecting'], sending: ['live', 'Sending'], judging: ['connecting', 'Judging'], lost: ['reconnecting', 'Reconnecting'] };

export class Status {
  #act = null;
  #count = 0;

  /** @param {Object<string, HTMLElement>} el link, linkText, box, text, act */
  constructor(el) {
    this.el = el;
    el.act.addEventListener('click', () => this.#act?.());
  }

  /** Nothing is under way. */
  idle(label, look = 'ended') {
    this.#link(look, label);
    this.#say('');
  }

  /** Something is under way. @param {{why:string, at:number}} [detail] of a lost connection: why, and when it is tried again */
  phase(name, detail) {
    this.#link(...PHASES[name]);
    if (name !== 'lost') return this.#say('');
    const left = () => Math.max(0, Math.ceil((detail.at - performance.now()) / 1000));
    const say = () => this.#write(left() ? `${detail.why} Trying again in ${left()} s.` : `${detail.why} Trying again…`);
    this.#say(detail.why);
    say();
    this.#count = setInterval(say, 500);
  }

  /** It ended badly. */
  failed(text, label = '', act = null) {
    this.#link('error', 'Error');
    this.#say(text, label, act);
  }

  #link(state, label) {
    this.el.link.dataset.state = state;
    this.el.linkText.textContent = label;
  }

  #say(text, label = '', act = null) {
    clearInterval(this.#count);
    this.#act = act;
    this.el.box.hidden = !text;
    this.#write(text);
    this.el.act.hidden = !act;
    this.el.act.textContent = label;
  }

  #write(text) { if (this.el.text.textContent !== text) this.el.text.textContent = text; }
}
