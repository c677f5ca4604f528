// A bout drawn by the server, as the two files that somebody could have dropped.

const KINDS = { 'bout.avi': 'video/x-msvideo', 'bout.txt': 'text/plain' };

/** @param {number} seed the same seed, the same bout @returns {Promise<{video:File, signal:File}>} */
export async function drawBout(seed) {
  const [video, signal] = await Promise.all(Object.keys(KINDS).map((name) => fetched(name, seed)));
  return { video, signal };
}

async function fetched(name, seed) {
  const answer = await fetch(`/studio/${name}?seed=${seed}`).catch(() => { throw new Error('It does not answer.'); });
  if (!answer.ok) throw new Error(await answer.text());
  return new File([await answer.blob()], name.replace('bout', `bout-${seed}`), { type: KINDS[name] });
}
