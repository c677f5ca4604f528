// A bout sent frame by frame and judged, over a connection that may break: it comes back and goes on where it was.
// Follows the referee's protocol from `session_start` to `process_complete`; shows nothing.

import { backoff } from '../state.js';
import { at } from './address.js';
import { Line, LineLost, Refusal, pause } from './line.js';

// Frames on their way at a time: enough to fill a line, few enough that their acknowledgements tell the truth.
const WINDOW = 16;
const MOST_ATTEMPTS = 12;
const LONGEST_NAME = 128;

/**
 * @typedef {{phase:(name:'opening'|'sending'|'lost'|'judging', detail?:object) => void,
 *   sending:(number:number, picture:Blob) => void, sent:(bytes:number) => void, held:(frames:number) => void,
 *   refused:(number:number, why:string) => void, stage:(name:string, progress:number, message:string) => void}} Ears
 */
export class Upload {
  #line = null;
  #stopped = false;
  #known = false;   // whether the server knows the session: then it is resumed
  #handed = null;   // the session whose signal was sent: its verdict may be reached while nobody listens
  #attempt = 0;
  #unsent = [];     // numbers to send, in order
  #refused = new Set();

  /** @param {import('./bout.js').Frames} bout @param {Ears} ears */
  constructor(bout, ears) {
    Object.assign(this, { bout, ears, id: newId() });
    this.#unsent = numbers(0, bout.count);
  }

  /**
   * Sends what is not sent yet, then the signal, and waits for the verdict. May be called again after a `Refusal` of
   * the signal: the frames are not sent twice.
   * @param {File} signal @returns {Promise<object>} the result @throws {Refusal|LineLost}
   */
  async judge(signal) {
    this.#stopped = false;
    for (this.#attempt = 0; ;) {
      try {
        return await this.#once(signal);
      } catch (error) {
        if (!(error instanceof LineLost) || this.#stopped || this.#attempt >= MOST_ATTEMPTS) throw error;
        await this.#wait(error.message);
        const result = this.#handed && await verdictOf(this.#handed);
        if (result) return result;
      } finally {
        this.#line?.close();
        this.#line = null;
      }
    }
  }

  /** Hangs up. The server keeps the frames for a while. */
  stop() {
    this.#stopped = true;
    this.#line?.close();
  }

  async #once(signal) {
    this.ears.phase('opening');
    this.#line = await Line.open();
    if (this.#stopped) throw new LineLost('Stopped.');
    await this.#start();
    this.#handed = null;
    await this.#frames();
    await this.#say({ type: 'session_end', total_frames: this.bout.count });
    await this.#expect('session_ended');
    this.#handed = this.id;
    await this.#say({ type: 'signal', filename: plainName(signal.name), size: signal.size }, await signal.arrayBuffer());
    return this.#verdict();
  }

  async #wait(why) {
    this.#attempt += 1;
    const ms = backoff(this.#attempt);
    this.ears.phase('lost', { why, at: performance.now() + ms });
    await pause(ms);
    if (this.#stopped) throw new LineLost('Stopped.');
  }

  async #start() {
    const { fps, width, height, count } = this.bout;
    const start = { type: 'session_start', fps, width, height, expected_frames: count };
    await this.#say(this.#known ? { ...start, resume: true } : start);
    const started = await this.#expect('session_started').catch((error) => this.#notGiven(error));
    if (this.#known) {
      const next = started.next_frame ?? 0;
      this.#unsent = [...(started.missing ?? []), ...numbers(next, count)].filter((number) => !this.#refused.has(number));
    }
    this.#known = true;
    this.ears.held(count - this.#unsent.length);
    this.ears.phase('sending');
  }

  // A session that runs but is not given back is still held by the line that broke, or is being judged: it is asked for
  // again. One that is gone is begun anew, under another name.
  async #notGiven(error) {
    if (!(error instanceof Refusal) || !this.#known) throw error;
    if (!(await runs(this.id))) {
      [this.id, this.#known, this.#unsent] = [newId(), false, numbers(0, this.bout.count)];
      this.#refused.clear();
    }
    throw new LineLost(`${error.message}.`);
  }

  // Keeps the window full. Replies come in the order of the frames, one for each.
  async #frames() {
    const onTheWay = [];
    for (const number of this.#unsent) {
      while (onTheWay.length >= WINDOW || (onTheWay.length && this.#line.ready)) await this.#reply(onTheWay.shift());
      const picture = await this.bout.frame(number);
      this.ears.sending(number, picture);
      await this.#say({ type: 'frame', frame_number: number, timestamp: Date.now() / 1000, encoding: 'jpeg', size: picture.size }, picture);
      onTheWay.push({ number, bytes: picture.size });
    }
    while (onTheWay.length) await this.#reply(onTheWay.shift());
  }

  async #reply({ number, bytes }) {
    const message = await this.#line.hear();
    if (message.type === 'error') {
      if (!message.recoverable) throw new Refusal(message);
      this.#refused.add(number);
      this.ears.refused(number, message.error_message);
    }
    this.#attempt = 0; // the line works: what breaks later is another accident
    this.ears.sent(bytes);
  }

  async #verdict() {
    for (;;) {
      const message = await this.#line.hear();
      if (message.type === 'error') throw new Refusal(message);
      if (message.type === 'process_start') this.ears.phase('judging');
      if (message.type === 'process_progress') this.ears.stage(message.stage, message.progress, message.message);
      if (message.type === 'process_complete') return message.result;
    }
  }

  #say(message, payload) { return this.#line.say({ session_id: this.id, ...message }, payload); }

  async #expect(type) {
    const message = await this.#line.hear();
    if (message.type === 'error') throw new Refusal(message);
    if (message.type !== type) throw new Refusal({ error_code: 'PROTOCOL_ERROR', error_message: `The server said ${message.type} where ${type} was due` });
    return message;
  }
}

// Whether the server has a session of this name; when it does not answer, it may well.
async function runs(id) {
  const stats = await json('/streaming/stats');
  return stats === null || Object.hasOwn(stats.sessions ?? {}, id);
}

// A verdict that was reached while the line was broken lies among the results.
const verdictOf = (id) => json(`/artifacts/${encodeURIComponent(id)}/analysis_result.json`);

async function json(path) {
  try {
    const answer = await fetch(at(path), { cache: 'no-store' });
    return answer.ok ? await answer.json() : null;
  } catch { return null; }
}

const numbers = (from, to) => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

// A name for the session that says when it was, and that no other page takes.
function newId() {
  const now = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '_');
  return `bout_${now}_${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`;
}

// File names are free, names on the wire are not: no path, no control characters, not too long.
function plainName(name) {
  const plain = name.replaceAll(/[^\p{L}\p{N}._ -]/gu, '_').replace(/^\.+/, '').slice(-LONGEST_NAME / 2);
  return plain || 'signal.txt';
}
