// How far the server's clock is from this page's, so that `net` is the way from socket to page and not a
// difference between two clocks.
//
// As NTP does it: a ping leaves at t0, the pong with the server's time s comes back at t1. If the way took as
// long there as back, the server's clock read s when ours read (t0 + t1) / 2, so offset = s − (t0 + t1) / 2,
// wrong by at most half the round trip. Of the last 16 pings the one with the shortest round trip is believed:
// it waited in the fewest queues. The guess of equal ways cannot be checked from here; on loopback it is exact
// to a fraction of a millisecond, across a network `net` is good to half the round trip.

const KEEP = 16;

/** Milliseconds since the Unix epoch by a clock that never jumps. */
export const nowMs = () => performance.timeOrigin + performance.now();

export class ServerClock {
  #samples = [];

  /** Takes the answer to a ping sent at `t0` (ms, `nowMs`), received at `t1`; `serverUs` since the Unix epoch. */
  pong(t0, t1, serverUs) {
    this.#samples.push({ trip: t1 - t0, offset: serverUs / 1000 - (t0 + t1) / 2 });
    if (this.#samples.length > KEEP) this.#samples.shift();
  }

  /** Whether an offset is known yet. */
  get known() { return this.#samples.length > 0; }

  /** Server time less page time in ms (0 until the first pong). */
  get offset() {
    if (!this.known) return 0;
    return this.#samples.reduce((best, s) => (s.trip < best.trip ? s : best)).offset;
  }

  /** The way of a frame in ms: sent by the server's clock, arrived by ours; never below zero. */
  net(sentMs, arrivedMs) {
    return this.known ? Math.max(0, arrivedMs + this.offset - sentMs) : 0;
  }
}
