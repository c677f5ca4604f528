// What of the server's result the page shows, in one shape. Pure. What is not there is empty, never made up.

const FPS = 15; // frames in a decision are counted at this rate, whatever the video's: it has `fps` of its own

/**
 * @typedef {{start:number, end:number, kind?:string, holder?:string}} Span seconds
 * @typedef {{winner:'left'|'right'|'abstain'|'skipped', reason:string, confidence:number|null, rules:string|null, declared:string|null,
 *   evidence:{frame:number, time:number, fact:string}[], left:Span[], right:Span[], way:Span[], contacts:number[], hit:number|null,
 *   fps:number|null, length:number, files:{name:string, url:string, kind:string}[], overlay:{url:string}|null, notes:string[], seconds:number|null}} Findings
 */

/** @param {object} result as it stands in `process_complete` @returns {Findings} */
export function read(result) {
  const decision = result.decision ?? {};
  const phrase = result.phrase ?? {};
  const files = artifacts(result);
  const way = spans(decision.right_of_way);
  const fps = result.metadata?.fps ?? null;
  return {
    winner: result.status === 'skipped' ? 'skipped' : decision.winner ?? 'abstain',
    reason: decision.reason ?? result.reason ?? '',
    confidence: decision.confidence ?? null,
    rules: decision.rules ?? null,
    declared: named(phrase.declared_winner ?? result.declared_winner),
    evidence: decision.evidence ?? [],
    left: spans(decision.left_pauses), right: spans(decision.right_pauses), way,
    contacts: (decision.moments?.blade_contacts ?? []).map(begin),
    hit: begin(decision.moments?.hit ?? null),
    fps,
    length: Math.max((result.metadata?.frames_processed ?? 0) / (fps ?? FPS), way.at(-1)?.end ?? 0),
    files,
    overlay: files.find((file) => file.kind === 'analysis_video') ?? null,
    notes: [result.metadata?.notes ?? []].flat(),
    seconds: result.wall_time_seconds ?? null,
  };
}

/** When a frame of a decision begins. */
const begin = (frame) => frame === null ? null : frame / FPS;

/** The time of a frame of a decision, in its middle. */
export const middleOf = (frame) => (frame + 0.5) / FPS;

/** Whether a picture that is shown from `seconds` on, at so many a second, shows a frame of a decision. */
export function shows(seconds, fps, frame) {
  const begins = Math.floor(seconds * FPS + 1e-6) === frame;
  return begins || Math.floor(middleOf(frame) * fps + 1e-6) === Math.round(seconds * fps);
}

const named = (winner) => (/^(left|right)$/i.test(winner ?? '') ? winner.toLowerCase() : null);

// First and last frame are both in it.
const spans = (list) => (list ?? []).map(({ start_frame: start, end_frame: end, kind, holder }) => ({ start: start / FPS, end: (end + 1) / FPS, kind, holder }));

function artifacts({ artifacts: named = {}, artifact_dir: folder = '' }) {
  return Object.entries(named).filter(([, path]) => typeof path === 'string').map(([kind, path]) => {
    const name = path.split('/').at(-1);
    const parts = [...folder.split('/').filter(Boolean), name];
    return { kind, name, url: `/artifacts/${parts.map(encodeURIComponent).join('/')}` };
  });
}
