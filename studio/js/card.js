// The card that says which model draws and on what, so that nothing passes for what it is not.

const KINDS = {
  analytic: 'Analytic geometry, not a generative model: it re-samples the pixels of your own picture.',
  trained: 'A small trained network.',
  generative: 'A generative model: what lies outside your picture is invented.',
};
const STATES = { loading: 'is loading', warming: 'is warming up', failed: 'failed to load' };

// "cpu0 (2 threads)" reads better in a sentence as "cpu0, 2 threads".
const inSentence = (device) => device.replace(/ \((.*)\)$/, ', $1');

export class Card {
  #pipeline = null;

  /** @param {Object<string, HTMLElement>} el name, kind, engine, fault, version */
  constructor(el) { this.el = el; }

  /** Shows what the server says of the world pipeline. @param {object} status /studio/status.json */
  status(status) {
    this.#pipeline = status.pipelines.find((pipeline) => pipeline.name === 'world') ?? null;
    this.el.version.textContent = `Frameloom ${status.version} · ${status.sessions} of ${status.max_sessions} sessions open`;
    this.#show();
  }

  /** Shows what drew this very stream, from the socket's first message; it is nearer the truth than the status. */
  stream(message) {
    if (this.#pipeline && this.#pipeline.model === message.model) return this.#show();
    this.el.name.textContent = message.title ?? message.model;
    this.el.kind.textContent = KINDS[message.kind] ?? message.kind;
    if (!this.#pipeline) this.el.engine.textContent = message.engine;
  }

  #show() {
    const pipeline = this.#pipeline;
    if (!pipeline) return;
    this.el.name.textContent = pipeline.title ?? pipeline.model;
    this.el.kind.textContent = KINDS[pipeline.kind] ?? pipeline.kind ?? '';
    this.el.engine.textContent = [pipeline.backend, pipeline.device && inSentence(pipeline.device)].filter(Boolean).join(' on ');
    const words = STATES[pipeline.state];
    this.el.fault.hidden = !words;
    this.el.fault.textContent = words ? [`The model ${words}.`, pipeline.why, pipeline.fix].filter(Boolean).join(' ') : '';
  }
}
