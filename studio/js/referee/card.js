// The card that says which model and which rules judge, so that nothing passes for what it is not.

const KINDS = {
  trained: 'A small network, trained on drawn bouts alone. On real footage it is unverified.',
  export: 'A pose network given by whoever runs this server.',
};
const STATES = { loading: 'is loading', warming: 'is warming up', failed: 'failed to load' };
const BUILT_IN = 'fencer-keypoints';

// "cpu0 (2 threads)" reads better in a sentence as "cpu0, 2 threads".
const inSentence = (device) => device.replace(/ \((.*)\)$/, ', $1');

export class Card {
  /** @param {Object<string, HTMLElement>} el name, kind, engine, rules, fault, version */
  constructor(el) { this.el = el; }

  /** Shows what the server says of its referee. @param {object} status /studio/status.json */
  status(status) {
    this.el.version.textContent = `Frameloom ${status.version} · ${status.sessions} of ${status.max_sessions} sessions open`;
    const referee = status.pipelines.find((pipeline) => pipeline.name === 'referee');
    if (!referee) return this.#fault('This server has no referee.');
    this.el.name.textContent = referee.title;
    this.el.kind.textContent = KINDS[referee.model === BUILT_IN ? 'trained' : 'export'];
    this.el.engine.textContent = [referee.backend, referee.device && inSentence(referee.device)].filter(Boolean).join(' on ');
    this.#rules(referee.rules);
    const words = STATES[referee.state];
    this.#fault(words ? [`The model ${words}.`, referee.why, referee.fix].filter(Boolean).join(' ') : '');
  }

  /** The server does not answer. */
  away() { this.#fault('The server does not answer.'); }

  #rules(rules) {
    if (this.el.rules.dataset.rules === rules) return;
    this.el.rules.dataset.rules = rules;
    const link = Object.assign(document.createElement('a'), { href: '/docs/referee-accuracy.md', target: '_blank', textContent: 'How often they agree with human referees' });
    this.el.rules.replaceChildren(`Rules ${rules}, over what the model saw. `, link, '.');
  }

  #fault(text) {
    this.el.fault.hidden = !text;
    this.el.fault.textContent = text;
  }
}
