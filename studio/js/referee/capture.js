// The frames of any video that this browser plays: it is put on each fifteenth of a second, and what it shows becomes
// a JPEG. Fifteen, because signal files count so; slower than playing, but no frame is missed on a busy machine.

const FPS = 15;
const QUALITY = 0.9;
const OPEN_WITHIN_MS = 10_000;

/** @param {File} file @returns {Promise<import('./bout.js').Frames|null>} null when the browser cannot play it */
export async function openVideo(file) {
  const video = Object.assign(document.createElement('video'), { muted: true, preload: 'auto', playsInline: true });
  const url = URL.createObjectURL(file);
  const close = () => { video.removeAttribute('src'); video.load(); URL.revokeObjectURL(url); };
  try {
    video.src = url;
    await happens(video, 'loadeddata');
    const duration = await lengthOf(video);
    const count = Math.floor(duration * FPS + 1e-3);
    if (!(count > 0) || !video.videoWidth) throw new Error('no pictures in it');
    const frame = oneByOne((number) => capture(video, number));
    return { name: file.name, fps: FPS, width: video.videoWidth, height: video.videoHeight, count, from: 'captured', frame, close };
  } catch {
    close();
    return null;
  }
}

// A recording of a browser does not know its length until it was once at its end.
async function lengthOf(video) {
  if (Number.isFinite(video.duration)) return video.duration;
  video.currentTime = 1e7;
  await happens(video, 'seeked');
  return Number.isFinite(video.duration) ? video.duration : video.currentTime;
}

async function capture(video, number) {
  const at = (number + 0.5) / FPS; // the middle of a frame's time: rounding never shows its neighbour
  if (video.currentTime !== at) {
    video.currentTime = at;
    await happens(video, 'seeked');
  }
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext('2d', { alpha: false }).drawImage(video, 0, 0);
  return canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY });
}

// There is one play head: who asks while it is away waits for its turn.
function oneByOne(work) {
  let last = Promise.resolve();
  return (number) => {
    const mine = last.then(() => work(number));
    last = mine.catch(() => {});
    return mine;
  };
}

function happens(video, what) {
  return new Promise((resolve, reject) => {
    const end = (settle, value) => {
      clearTimeout(timer);
      video.removeEventListener(what, done);
      video.removeEventListener('error', failed);
      settle(value);
    };
    const done = () => end(resolve);
    const failed = () => end(reject, video.error ?? new Error('cannot be played'));
    const timer = setTimeout(() => end(reject, new Error('takes too long')), OPEN_WITHIN_MS);
    video.addEventListener(what, done);
    video.addEventListener('error', failed);
  });
}
