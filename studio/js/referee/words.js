// What the page says of a verdict and of what went wrong, in plain words. Pure.

import { LineLost, Refusal } from './line.js';

const SIDES = { left: 'Left', right: 'Right' };

/** The headline of a verdict. @param {import('./result.js').Findings} findings @returns {{who:string, rest:string, why:string}} */
export function headline({ winner, reason, declared }) {
  if (winner === 'skipped') return { who: '', rest: 'Nothing to judge.', why: sentence(reason) };
  const said = declared ? ` The signal file's own result: ${declared}.` : '';
  if (winner === 'abstain') return { who: '', rest: 'No verdict.', why: `The referee abstains: ${fragment(reason)}.${said}` };
  return { who: SIDES[winner] ?? winner, rest: ' has the touch.', why: `${sentence(reason)}${said}` };
}

/** What a stage of the server is called here. */
export const STAGES = { video_reconstruction: 'Video', fisheye: 'Lens', yolo: 'Fencers', decision: 'Decision', overlay: 'Overlay' };

/** What a file of the result is called here. */
export const FILES = {
  analysis_video: 'Video with overlay', corrected_video: 'Straightened video', video: 'Video as sent',
  excel: 'Keypoints, Excel', csv: 'Keypoints, CSV', signal: 'Signal', result_json: 'Result, JSON',
};

/**
 * What to say of a failure, and what the visitor can do.
 * @param {Error} error @returns {{text:string, act:'signal'|'again'|null}} `signal`: choose another signal; `again`: send again
 */
export function failure(error) {
  if (error instanceof LineLost) return { text: `${error.message} The server keeps the frames for a while.`, act: 'again' };
  if (!(error instanceof Refusal)) return { text: `This page failed: ${error.message}`, act: 'again' };
  const why = sentence(error.message);
  switch (error.code) {
    case 'PROCESSING_FAILED': return { text: `The bout could not be judged. ${why} Its frames stay at the server for a while: another signal file may be sent for them.`, act: 'signal' };
    case 'SESSION_START_FAILED': return { text: `The server does not take this bout now. ${why}`, act: 'again' };
    case 'UNAUTHORIZED': case 'HTTP_401': return { text: 'This server asks for a token: open this page as /referee?token=…', act: null };
    case 'STREAMING_DISABLED': return { text: 'The referee is turned off in the settings of this server.', act: null };
    case 'HTTP_415': case 'HTTP_400': case 'HTTP_500': return { text: `The server cannot judge these files. ${why}`, act: 'again' };
    default: return { text: why, act: 'again' };
  }
}

const fragment = (text) => {
  const trimmed = (text ?? '').trim().replace(/\.$/, '');
  // An acronym keeps its capitals.
  return /^[A-Z][a-z ]/.test(trimmed) ? trimmed.charAt(0).toLowerCase() + trimmed.slice(1) : trimmed;
};

/** A fragment of the server as a sentence. */
export function sentence(text) {
  const trimmed = (text ?? '').trim().replace(/[.!]$/, '');
  return trimmed && `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}.`;
}
