// The connection as one state machine: connecting | live | reconnecting | draining | ended | error.
// Pure: an event and a state give the next state; whoever holds it renders every state.

/** @typedef {{name:string, text?:string, retryAt?:number, attempt:number}} Link */

/** The state of a page that has just opened. */
export const OPENING = { name: 'connecting', attempt: 0 };

const LABELS = {
  connecting: 'Connecting', live: 'Live', reconnecting: 'Reconnecting', draining: 'Closing', ended: 'Stopped', error: 'Error',
};

/** The word shown for a state. */
export const label = (state) => LABELS[state.name];

/**
 * The next state. An event that does not fit (a late word from a socket that was left) changes nothing.
 * Events: start · live · draining{text} · lost{text, retryAt} · retry · ended{text} · refused{text}
 * @param {Link} state @returns {Link}
 */
export function next(state, event) {
  switch (event.type) {
    case 'start': return OPENING;
    case 'ended': return { name: 'ended', text: event.text, attempt: 0 };
    case 'refused': return { name: 'error', text: event.text, attempt: 0 };
    default:
  }
  if (state.name === 'ended' || state.name === 'error') return state;
  switch (event.type) {
    case 'live': return { name: 'live', attempt: 0 };
    case 'draining': return { name: 'draining', text: event.text, attempt: 0 };
    case 'lost': return { name: 'reconnecting', text: event.text, retryAt: event.retryAt, attempt: state.attempt + 1 };
    case 'retry': return state.name === 'reconnecting' ? { ...state, retryAt: undefined } : state;
    default: return state;
  }
}

/**
 * How long to wait before the given attempt (1, 2, …): doubling from 0.25 s to 8 s, spread by ±25 % so that many
 * pages do not come back in one instant.
 * @param {number} attempt @param {number} chance 0 to 1 @returns {number} ms
 */
export function backoff(attempt, chance = Math.random()) {
  return Math.min(8000, 250 * 2 ** Math.min(attempt - 1, 10)) * (0.75 + chance / 2);
}
