// One WebSocket of one stream: frames and words in, actions out, and the pings that keep the clock.
// Says what happened through the callbacks given to it; does not decide what comes next.

import { socketUrl } from './api.js';
import { ServerClock, nowMs } from './clock.js';
import { decodeFrame } from './protocol.js';

const PING_EVERY_MS = 1000;
// The first pings come quickly, so that the first frames have a clock to be measured by.
const FIRST_PINGS_MS = [0, 60, 120, 250, 500];

export class WorldSocket {
  /** @param {string} id stream @param {{frame, message, closed}} on callbacks */
  constructor(id, on) {
    this.clock = new ServerClock();
    this.ws = new WebSocket(socketUrl(id));
    this.ws.binaryType = 'arraybuffer';
    this.ws.onopen = () => this.#startPings();
    this.ws.onmessage = (event) => this.#take(event.data, on);
    this.ws.onclose = (event) => { this.#stopPings(); on.closed(event.code); };
  }

  /** Sends an object as JSON; false when the socket is not open. */
  send(message) {
    if (this.ws.readyState !== WebSocket.OPEN) return false;
    this.ws.send(JSON.stringify(message));
    return true;
  }

  /** Closes without a further word: no callback comes after this. */
  leave() {
    this.#stopPings();
    this.ws.onopen = this.ws.onmessage = this.ws.onclose = null;
    this.ws.close(1000);
  }

  #take(data, on) {
    const arrived = nowMs();
    try {
      if (typeof data === 'string') this.#word(JSON.parse(data), arrived, on);
      else on.frame(decodeFrame(data), arrived, this.clock);
    } catch (error) {
      on.message({ error: `The server sent what this page does not understand: ${error.message}` });
    }
  }

  #word(message, arrived, on) {
    if (message.type === 'pong') this.clock.pong(message.t, arrived, message.server_us);
    else on.message(message);
  }

  #startPings() {
    const ping = () => this.send({ type: 'ping', t: nowMs() });
    this.first = FIRST_PINGS_MS.map((delay) => setTimeout(ping, delay));
    this.pings = setInterval(ping, PING_EVERY_MS);
  }

  #stopPings() {
    this.first?.forEach(clearTimeout);
    clearInterval(this.pings);
  }
}
