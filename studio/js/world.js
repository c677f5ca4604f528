// The World pipeline: wires the walk (session), the picture (player), the keys and the panel together.

import { Code } from './code.js';
import { Gallery } from './gallery.js';
import { Horizon } from './horizon.js';
import { HeldKeys, listenToKeyboard } from './keys.js';
import { Meter } from './meter.js';
import { Notice } from './notice.js';
import { connectPad, showHeld } from './pad.js';
import { base64 } from './picture.js';
import { Player } from './player.js';
import { WorldSession } from './session.js';
import { Sizes } from './sizes.js';
import * as snippets from './snippets.js';

const $ = (id) => document.getElementById(id);

export class World {
  #picture = null;
  #scene = null; // what the visitor chose of the scene; null while the server's own fit holds
  #image = '';
  #apiUrl = `http://${location.hostname}:8083`;

  /** @param {import('./card.js').Card} card */
  constructor(card) {
    this.card = card;
    this.session = new WorldSession();
    this.meter = new Meter();
    this.player = new Player($('canvas'), (shown, painted) => this.meter.painted(shown, painted, this.player.skipped));
    this.notice = new Notice({ link: $('link'), linkText: $('link-text'), stage: $('stage'), box: $('notice'), text: $('notice-text'), act: $('notice-act'), stop: $('stop') }, () => this.session.again());
    this.sizes = new Sizes($('sizes'), () => this.#open());
    this.horizon = new Horizon({ stage: $('stage'), handle: $('horizon'), tag: $('horizon-tag'), range: $('horizon-range'), output: $('horizon-value') }, (horizon) => this.#changeScene({ horizon }));
    this.gallery = new Gallery({ list: $('pictures'), file: $('file'), stage: $('stage') }, (picture) => this.#take(picture));
    this.code = new Code({ tabs: $('code-tabs'), pane: $('code-pane'), code: $('code'), copy: $('code-copy') }, snippets);
    this.#hearSession();
    this.#connectKeys();
    this.#connectPanel();
  }

  /** Opens the first sample: the page is alive before anything is asked of the visitor. */
  open() { return this.gallery.open().catch(() => this.notice.fault('The sample pictures could not be loaded. Choose a picture of your own.')); }

  /** Takes the address of the public API for the code block. */
  publicApi(url) {
    if (url === this.#apiUrl) return;
    this.#apiUrl = url;
    this.#showCode();
  }

  async #take(picture) {
    this.#picture = picture;
    this.#image = await base64(picture.blob);
    if (this.#picture !== picture) return;
    this.sizes.fit(picture.portrait);
    this.#resetScene();
    this.#open();
  }

  #open() {
    this.#showCode();
    if (!this.#image) return;
    this.meter.reset();
    const [height, width] = this.sizes.value;
    $('stage').style.setProperty('--ratio', String(width / height));
    this.session.start({ image: this.#image, size: [height, width], scene: this.#scene });
  }

  #resetScene() {
    this.#scene = null;
    this.horizon.fitted(null);
    for (const input of $('modes').querySelectorAll('input')) input.checked = false;
  }

  #hearSession() {
    this.session.addEventListener('state', ({ detail }) => this.notice.state(detail));
    this.session.addEventListener('fault', ({ detail }) => this.notice.fault(detail));
    this.session.addEventListener('world', ({ detail }) => this.#opened(detail));
    this.session.addEventListener('frame', ({ detail }) => {
      $('stage').classList.add('drawn');
      if (!this.meter.walked) $('hint').hidden = false;
      this.player.offer(detail);
    });
    addEventListener('pagehide', () => this.session.abandon());
    addEventListener('pageshow', (event) => { if (event.persisted) this.session.again(); });
  }

  #opened(message) {
    this.meter.stream(message);
    this.card.stream(message);
    const fit = message.scene ?? {};
    if (fit.horizon !== undefined && this.#scene?.horizon === undefined) this.horizon.fitted(fit.horizon);
    if (fit.mode && !this.#scene?.mode) this.#showMode(fit.mode);
  }

  #showMode(mode) {
    const input = $('modes').querySelector(`input[value="${mode}"]`);
    if (input) input.checked = true;
  }

  #connectKeys() {
    const hold = (key, fresh) => {
      const id = this.session.act(key, Number($('speed').value));
      if (!id) return;
      $('hint').hidden = true;
      this.meter.acted(id, fresh);
    };
    const held = new HeldKeys(hold, (keys) => showHeld($('pad'), keys));
    listenToKeyboard(held);
    connectPad($('pad'), held);
    if (matchMedia('(pointer: coarse)').matches) $('hint-text').textContent = 'Hold to walk in';
  }

  #connectPanel() {
    $('speed').addEventListener('input', () => { $('speed-value').textContent = Number($('speed').value).toFixed(1); this.#showCode(); });
    $('modes').addEventListener('change', (event) => this.#changeScene({ mode: event.target.value }));
    $('stop').addEventListener('click', () => {
      if (['ended', 'error'].includes(this.session.state.name)) this.session.again(); else this.session.stop();
    });
    $('full').addEventListener('click', () => (document.fullscreenElement ? document.exitFullscreen() : $('stage').requestFullscreen()));
    if (!document.fullscreenEnabled) $('full').hidden = true;
  }

  #changeScene(change) {
    this.#scene = { ...this.#scene, ...change };
    this.session.scene(change);
  }

  #showCode() {
    const picture = this.#picture;
    this.code.show({
      api: this.#apiUrl,
      image: picture?.sample ? new URL(picture.url, location.href).href : null,
      file: picture?.sample ? `${picture.name}.jpg` : picture?.name ?? 'picture.jpg',
      size: this.sizes.value,
      speed: Number($('speed').value),
    });
  }
}
