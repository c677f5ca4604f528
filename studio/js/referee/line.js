// One WebSocket to `/stream` as a line that is spoken and listened to in turn: `say`, then `hear`.
// A line that breaks makes whoever listens throw `LineLost`; it does not decide what comes next.

import { isLocked, socketAddress } from './address.js';

const OPEN_WITHIN_MS = 10_000;
// Above this the browser holds what the network has not taken yet; more would only be memory.
const MOST_BUFFERED = 4 << 20;
const LOOK_AGAIN_MS = 4;

/** The connection is gone, or never was. */
export class LineLost extends Error {}

/** What the server says against something. */
export class Refusal extends Error {
  constructor({ error_code: code, error_message: message, recoverable }) {
    super(message);
    Object.assign(this, { code, recoverable: Boolean(recoverable) });
  }
}

export class Line {
  #heard = [];
  #waiting = null;
  #lost = null;

  /** @returns {Promise<Line>} once it is open @throws {Refusal|LineLost} when it does not open */
  static async open() {
    const line = new Line();
    try {
      await line.#open();
    } catch (error) {
      if (await isLocked()) throw new Refusal({ error_code: 'UNAUTHORIZED', error_message: 'no token' });
      throw error;
    }
    return line;
  }

  #open() {
    this.ws = new WebSocket(socketAddress());
    this.ws.onmessage = (event) => this.#take(event.data);
    this.ws.onclose = () => this.#break('The connection was lost.');
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#break('The server does not answer.'), OPEN_WITHIN_MS);
      this.#waiting = { resolve, reject };
      this.ws.onopen = () => { clearTimeout(timer); this.#waiting = null; resolve(); };
    });
  }

  /** Sends a message, and the bytes that belong to it; waits while the network is behind. */
  async say(message, payload) {
    while (!this.#lost && this.ws.bufferedAmount > MOST_BUFFERED) await pause(LOOK_AGAIN_MS);
    if (this.#lost) throw this.#lost;
    this.ws.send(JSON.stringify(message));
    if (payload !== undefined) this.ws.send(payload);
  }

  /** Whether something was said that nobody has heard yet. */
  get ready() { return this.#heard.length > 0; }

  /** The next message. @throws {LineLost} when there will be none */
  hear() {
    if (this.#heard.length) return Promise.resolve(this.#heard.shift());
    if (this.#lost) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => { this.#waiting = { resolve, reject }; });
  }

  /** Hangs up; whoever still listens hears that the line is lost. */
  close() {
    this.ws.close(1000);
    this.#break('Stopped.');
  }

  #take(data) {
    const message = JSON.parse(data);
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting) waiting.resolve(message); else this.#heard.push(message);
  }

  #break(why) {
    this.#lost ??= new LineLost(why);
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(this.#lost);
  }
}

/** Resolves after so many milliseconds. */
export const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
