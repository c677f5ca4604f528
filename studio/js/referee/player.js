// What is on the stage: a frame on its way, a video, or, where no video can be played, the frames themselves.
// Whatever it is, it has a frame rate and a play head, and can be put on any frame.

const DECODES = 'image/jpeg';
const LOADS_WITHIN_MS = 15_000;
const HAVE_CURRENT_DATA = 2;

export class Player {
  #bout = null;      // frames are played from here when there is no video
  #fps = 15;
  #count = 0;
  #frame = 0;
  #since = 0;        // when playing frames: the moment at which frame 0 was, on the page's clock
  #drawing = null;   // the frame wanted next while one is being drawn

  /** @param {Object<string, HTMLElement>} el stage, canvas, video, transport, play, scrub, at
   *  @param {(frame:number, seconds:number, fps:number) => void} onMove */
  constructor(el, onMove) {
    Object.assign(this, { el, onMove });
    el.play.addEventListener('click', () => this.toggle());
    el.scrub.addEventListener('input', () => this.seek(Number(el.scrub.value)));
    el.video.addEventListener('seeked', () => this.#moved());
    for (const what of ['play', 'pause', 'ended']) el.video.addEventListener(what, () => this.#turned());
  }

  /** The frame on the stage. */
  get frame() { return this.#frame; }

  get #playing() { return this.el.video.hidden ? this.#since > 0 : !this.el.video.paused; }

  /** Shows one JPEG, such as the frame that is being sent; the newest wins. */
  async preview(jpeg) {
    if (this.#drawing) { this.#drawing = jpeg; return; }
    this.#drawing = jpeg;
    for (let now = jpeg; now; now = this.#drawing === now ? null : this.#drawing) await this.#paint(now);
    this.#drawing = null;
  }

  /** Takes the video away and shows frames of a bout only when they are given to `preview`. */
  reset() {
    this.#stop();
    this.#bout = null;
    this.el.transport.hidden = true;
    this.el.video.hidden = true;
    this.el.video.removeAttribute('src');
    this.el.video.load();
  }

  /** Puts a video on the stage. @returns {Promise<boolean>} whether this browser plays it */
  async showVideo(url, fps) {
    const { video } = this.el;
    video.src = url;
    if (!(await plays(video))) return false;
    this.#show(fps, Math.max(1, Math.round(video.duration * fps)));
    video.hidden = false;
    this.#moved();
    return true;
  }

  /** Plays the frames of a bout where there is no video to play. @param {import('./bout.js').Frames} bout */
  showFrames(bout) {
    this.el.video.hidden = true;
    this.#bout = bout;
    this.#show(bout.fps, bout.count);
    this.seek(0);
  }

  /** Puts the play head on a frame, and holds it there. */
  seek(frame) {
    const to = Math.max(0, Math.min(this.#count - 1, Math.round(frame)));
    this.#stop();
    // The middle of a frame's time: whichever way a browser rounds, it shows this one.
    if (!this.el.video.hidden) this.el.video.currentTime = (to + 0.5) / this.#fps;
    this.#tell(to);
  }

  /** Puts the play head on a moment. */
  seekTime(seconds) { this.seek(Math.floor(seconds * this.#fps + 1e-6)); }

  toggle() {
    if (this.#playing) return this.seek(this.#frame);
    if (this.#frame >= this.#count - 1) this.seek(0);
    if (!this.el.video.hidden) this.el.video.play().catch(() => {});
    else this.#since = performance.now() - (this.#frame * 1000) / this.#fps;
    this.#turned();
  }

  #show(fps, count) {
    [this.#fps, this.#count] = [fps, count];
    this.el.scrub.max = String(count - 1);
    this.el.transport.hidden = false;
  }

  #stop() {
    this.el.video.pause();
    this.#since = 0;
    this.#turned();
  }

  #turned() {
    this.el.play.textContent = this.#playing ? 'Pause' : 'Play';
    if (this.#playing) requestAnimationFrame(() => this.#follow());
  }

  // Follows the play head while it moves.
  #follow() {
    if (!this.#playing) return;
    if (!this.el.video.hidden) {
      this.#moved();
    } else {
      const frame = Math.floor(((performance.now() - this.#since) * this.#fps) / 1000);
      if (frame >= this.#count) return this.#stop();
      if (frame !== this.#frame) this.#tell(frame);
    }
    requestAnimationFrame(() => this.#follow());
  }

  #moved() {
    if (this.el.video.hidden) return;
    this.#tell(Math.max(0, Math.min(this.#count - 1, Math.floor(this.el.video.currentTime * this.#fps + 1e-3))));
  }

  #tell(frame) {
    this.#frame = frame;
    const seconds = frame / this.#fps;
    this.el.scrub.value = String(frame);
    this.el.scrub.setAttribute('aria-valuetext', `frame ${frame}, ${seconds.toFixed(2)} seconds`);
    this.el.at.textContent = `${seconds.toFixed(2)} s · frame ${frame} of ${this.#count}`;
    if (this.#bout) this.#bout.frame(frame).then((jpeg) => this.preview(jpeg)).catch(() => {});
    this.onMove(frame, seconds, this.#fps);
  }

  async #paint(jpeg) {
    try {
      const bitmap = await createImageBitmap(jpeg.type === DECODES ? jpeg : new Blob([jpeg], { type: DECODES }));
      const { canvas } = this.el;
      if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
      canvas.getContext('2d', { alpha: false }).drawImage(bitmap, 0, 0);
      bitmap.close();
    } catch { /* a frame that does not decode is the server's to name; the one before it stays */ }
  }
}

function plays(video) {
  return new Promise((resolve) => {
    const end = (verdict) => {
      clearTimeout(timer);
      for (const what of ['loadeddata', 'error']) video.removeEventListener(what, look);
      resolve(verdict);
    };
    const look = () => end(!video.error && video.readyState >= HAVE_CURRENT_DATA && video.videoWidth > 0);
    const timer = setTimeout(() => end(false), LOADS_WITHIN_MS);
    for (const what of ['loadeddata', 'error']) video.addEventListener(what, look);
  });
}
