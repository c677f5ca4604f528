// The row of pictures in the panel: the samples, the visitor's own, and the tile that chooses a file.

import { fromFile, listenForFiles, loadSample, samples } from './picture.js';

export class Gallery {
  #own = null;
  #chosen = null;

  /** @param {{list:HTMLElement, file:HTMLInputElement, stage:HTMLElement}} el @param {(picture:object) => void} onChoose */
  constructor(el, onChoose) {
    Object.assign(this, { el, onChoose });
    this.browse = this.#tile('Choose…', 'browse', () => el.file.click());
    el.list.append(this.browse);
    el.file.addEventListener('change', () => { if (el.file.files[0]) this.#take(el.file.files[0]); el.file.value = ''; });
    listenForFiles((file) => this.#take(file), (over) => el.stage.classList.toggle('dropping', over));
  }

  /** Shows the samples and opens the first. */
  async open() {
    const list = await samples();
    const tiles = list.map((sample) => {
      const tile = this.#tile(sample.title, 'sample', async () => this.#choose(tile, await loadSample(sample)));
      tile.prepend(thumbnail(`/studio/samples/${sample.name}.jpg`));
      this.browse.before(tile);
      return tile;
    });
    tiles[0]?.click();
  }

  async #take(file) {
    const picture = await fromFile(file);
    if (this.#own) { URL.revokeObjectURL(this.#own.picture.url); this.#own.tile.remove(); }
    const tile = this.#tile(picture.title, 'own', () => this.#choose(tile, picture));
    tile.prepend(thumbnail(picture.url));
    this.#own = { tile, picture };
    this.browse.before(tile);
    tile.click();
  }

  #choose(tile, picture) {
    this.#chosen?.setAttribute('aria-pressed', 'false');
    this.#chosen = tile;
    tile.setAttribute('aria-pressed', 'true');
    this.onChoose(picture);
  }

  #tile(title, kind, onClick) {
    const tile = document.createElement('button');
    tile.type = 'button';
    tile.className = `tile ${kind}`;
    tile.append(Object.assign(document.createElement('span'), { textContent: title }));
    if (kind !== 'browse') tile.setAttribute('aria-pressed', 'false');
    tile.addEventListener('click', onClick);
    return tile;
  }
}

// The title of the tile names the picture, so the image itself says nothing; one that does not decode is left out.
function thumbnail(src) {
  const image = Object.assign(new Image(), { src, alt: '' });
  image.addEventListener('error', () => image.remove());
  return image;
}
