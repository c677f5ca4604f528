// One walk: opens a stream on a picture, keeps a socket to it, and comes back when the connection is lost.
// Holds the connection state; everything shown is told through the events `state`, `world`, `frame`, `fault`.

import * as api from './api.js';
import { backoff, next, OPENING } from './state.js';
import { WorldSocket } from './socket.js';

const CLOSE_STOPPED = 1000;
const CLOSE_RESTART = 1012;

export class WorldSession extends EventTarget {
  state = OPENING;
  streamId = null;
  #turn = 0;      // rises with every start and stop: answers that belong to an older turn are ignored
  #request = null; // what to open again after the server came back
  #socket = null;
  #timer = 0;
  #lastAction = 0; // never starts again, so that an old frame cannot answer a new action

  /** Leaves the present stream, if any, and opens one on `request` ({image: base64, size: [h, w], scene}). */
  start(request) {
    this.#leave();
    this.#request = request;
    this.#move({ type: 'start' });
    this.#open();
  }

  /** Ends the walk on the visitor's wish. */
  stop() {
    this.#leave();
    this.#move({ type: 'ended', text: 'Stopped.' });
  }

  /** Opens the same picture again: after a stop, an error, or without waiting for the next attempt. */
  again() { if (this.#request) this.start(this.#request); }

  /** Sends one action; the id it got, or 0 when there is no connection. */
  act(action, speed) {
    const id = this.#lastAction + 1;
    if (!this.#socket?.send({ action, speed, id })) return 0;
    this.#lastAction = id;
    return id;
  }

  /** Changes the scene ({horizon} and/or {mode}), and keeps it for a stream opened again. */
  scene(change) {
    if (this.#request) this.#request.scene = { ...this.#request.scene, ...change };
    this.#socket?.send({ type: 'scene', ...change });
  }

  /** Gives the stream back while the page goes away. */
  abandon() { if (this.streamId) api.stopOnLeave(this.streamId); }

  async #open() {
    const turn = this.#turn;
    try {
      const id = await api.startStream(this.#request.image, this.#request.size);
      if (turn !== this.#turn) return void api.stopStream(id);
      this.streamId = id;
      this.#connect();
    } catch (error) {
      if (turn === this.#turn) this.#failed(error);
    }
  }

  #failed(error) {
    if (error.kind === 'network') return this.#retry(error.message, 0);
    if (error.kind === 'full') return this.#retry(sentence(error.message), error.retryAfterMs);
    this.#move({ type: 'refused', text: sentence(error.message || String(error)) });
  }

  #connect() {
    this.#socket = new WorldSocket(this.streamId, {
      frame: (frame, arrived, clock) => this.#tell('frame', { frame, arrived, clock }),
      message: (message) => this.#hear(message),
      closed: (code) => this.#closed(code),
    });
  }

  #hear(message) {
    if (message.type === 'world') {
      this.#move({ type: 'live' });
      if (this.#request.scene) this.#socket.send({ type: 'scene', ...this.#request.scene });
      this.#tell('world', message);
    } else if (message.type === 'draining') {
      this.#move({ type: 'draining', text: 'The server is closing. The walk goes on when it is back.' });
    } else if (message.error) {
      this.#tell('fault', message.error);
    }
  }

  #closed(code) {
    this.#socket = null;
    if (code === CLOSE_STOPPED) {
      this.streamId = null;
      return this.#move({ type: 'ended', text: 'The stream was ended by the server.' });
    }
    // A restarted server knows no old stream. Otherwise the stream may well live on: try it once, then a new one.
    if (code === CLOSE_RESTART) this.streamId = null;
    else if (this.state.name !== 'live') this.#forget();
    this.#retry(code === CLOSE_RESTART ? 'The server restarts.' : 'The connection was lost.', 0);
  }

  #retry(text, atLeastMs) {
    const wait = Math.max(atLeastMs, backoff(this.state.attempt + 1));
    this.#move({ type: 'lost', text, retryAt: performance.now() + wait });
    const turn = this.#turn;
    this.#timer = setTimeout(() => {
      if (turn !== this.#turn) return;
      this.#move({ type: 'retry' });
      if (this.streamId) this.#connect(); else this.#open();
    }, wait);
  }

  #leave() {
    this.#turn += 1;
    clearTimeout(this.#timer);
    this.#socket?.leave();
    this.#socket = null;
    this.#forget();
  }

  #forget() {
    if (this.streamId) api.stopStream(this.streamId);
    this.streamId = null;
  }

  #move(event) {
    this.state = next(this.state, event);
    this.#tell('state', this.state);
  }

  #tell(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }
}

// The server's errors are lower-case fragments; on the page they are sentences.
function sentence(text) {
  const trimmed = text.trim().replace(/\.$/, '');
  return `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}.`;
}
