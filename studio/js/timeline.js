// The frames of the last ten seconds and what can be said of them. Pure: time is an argument.

export const WINDOW_MS = 10_000;
// A pause longer than this is a world that stood still, not a slow frame: it is no interval.
const STILL_MS = 400;

/** @typedef {{at:number, values:number[], parts:(number|null)[], total:number, interval:number|null}} Entry */

export class Timeline {
  /** @type {Entry[]} oldest first */
  entries = [];

  /** Adds a frame painted at `at` (ms) whose stages are `folded`. @returns {Entry} */
  add(at, folded) {
    const gap = this.entries.length ? at - this.entries.at(-1).at : Infinity;
    const entry = { at, ...folded, interval: gap < STILL_MS ? gap : null };
    this.entries.push(entry);
    this.trim(at);
    return entry;
  }

  /** Forgets what is older than the window. */
  trim(now) {
    const first = this.entries.findIndex((entry) => entry.at > now - WINDOW_MS);
    this.entries.splice(0, first === -1 ? this.entries.length : first);
  }

  clear() { this.entries = []; }

  /** The value below which the given share of the totals lies, in ms; null without frames. */
  quantile(share) {
    return nearestRank(this.entries.map((entry) => entry.total), share);
  }

  /** Median time between two frames in ms, null without. */
  interval() {
    return nearestRank(this.entries.map((entry) => entry.interval).filter((gap) => gap !== null), 0.5);
  }

  /** Frames painted in the second before `now`, 0 when the world stands still. */
  rate(now) {
    return this.entries.filter((entry) => entry.at > now - 1000).length;
  }
}

// Nearest rank: the smallest value with at least `share` of all values at or below it.
function nearestRank(values, share) {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

const SCALES = [10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1000, 2000, 5000];

/** The smallest round scale (ms) that holds `value`. */
export function scaleFor(value) {
  return SCALES.find((scale) => value <= scale) ?? SCALES.at(-1);
}
