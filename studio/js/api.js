// The calls of the gamecraft dialect that the studio makes, same origin, and the server's own status.
// Turns every failure into one `ApiError`; decides nothing about it.

const BASE = '/d/gamecraft';

/** Why a call failed. `kind`: network (no answer) | full (503) | refused (the server said no). */
export class ApiError extends Error {
  constructor(kind, message, retryAfterMs = 0) {
    super(message);
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

async function reason(response) {
  const text = await response.text();
  try { return JSON.parse(text).error || text; } catch { return text || response.statusText; }
}

async function call(path, init) {
  let response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new ApiError('network', 'The server does not answer.');
  }
  if (response.ok) return response.json();
  const why = await reason(response);
  const wait = Number(response.headers.get('Retry-After')) * 1000 || 2000;
  if (response.status === 503) throw new ApiError('full', why, wait);
  throw new ApiError('refused', why);
}

/** What the server can do now: version, pipelines, sessions. */
export const status = () => call('/studio/status.json', { cache: 'no-store' });

/**
 * Opens a stream on a picture.
 * @param {string} imageBase64 plain base64 @param {[number, number]} size height, width
 * @returns {Promise<string>} the stream's id
 */
export async function startStream(imageBase64, size) {
  const answer = await call(`${BASE}/start_stream`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ image_base64: imageBase64, video_size: size }),
  });
  return answer.stream_id;
}

/** Stops a stream; one that is gone already is as good as stopped. */
export const stopStream = (id) => call(`${BASE}/stop_stream/${encodeURIComponent(id)}`, { method: 'POST' }).catch(() => {});

/** Stops a stream while the page goes away: the browser delivers this even after the page is gone. */
export const stopOnLeave = (id) => navigator.sendBeacon(`${BASE}/stop_stream/${encodeURIComponent(id)}`);

/** Address of a stream's WebSocket. */
export function socketUrl(id) {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  return `${scheme}://${location.host}${BASE}/ws/world/${encodeURIComponent(id)}`;
}
