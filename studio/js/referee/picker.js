// How files come in: chosen, dropped in any order, or drawn by the server. Tells a video from a signal by the file.

import { listenForDrops } from '../drop.js';
import { isSignal } from './bout.js';

export class Picker {
  /** @param {Object<string, HTMLElement>} el stage, videoName, signalName, videoChoose, signalChoose, videoFile, signalFile, bothFile, inviteChoose, inviteDraw, draw, seed
   *  @param {{video:(file:File) => void, signal:(file:File) => void, draw:(seed:number) => void}} on */
  constructor(el, on) {
    Object.assign(this, { el, on });
    for (const [button, input] of [[el.videoChoose, el.videoFile], [el.signalChoose, el.signalFile], [el.inviteChoose, el.bothFile]]) {
      button.addEventListener('click', () => input.click());
      input.addEventListener('change', () => { this.#take([...input.files], input); input.value = ''; });
    }
    el.draw.addEventListener('submit', (event) => { event.preventDefault(); on.draw(Number(el.seed.value)); });
    el.inviteDraw.addEventListener('click', () => on.draw(Number(el.seed.value)));
    listenForDrops((files) => this.#take(files), (over) => el.stage.classList.toggle('dropping', over));
  }

  /** Names what is there. */
  show(video, signal) {
    for (const [el, name] of [[this.el.videoName, video], [this.el.signalName, signal]]) {
      el.textContent = el.title = name ?? 'none yet';
      el.toggleAttribute('data-empty', !name);
    }
  }

  /** Opens the dialogue for another signal file. */
  chooseSignal() { this.el.signalFile.click(); }

  #take(files, input) {
    // Whoever chose for a slot meant that slot, whatever the file is called.
    const known = input === this.el.signalFile ? () => true : input === this.el.videoFile ? () => false : isSignal;
    for (const file of files) (known(file) ? this.on.signal : this.on.video)(file);
  }
}
