// The referee's page: wires what comes in, the way to the server, and what comes out together.

import { Code } from '../code.js';
import { at } from './address.js';
import { readAvi } from './avi.js';
import { open, way } from './bout.js';
import { drawBout } from './drawn.js';
import { FindingsView } from './findings.js';
import { Picker } from './picker.js';
import { Player } from './player.js';
import { Progress, size } from './progress.js';
import { read } from './result.js';
import * as snippets from './snippets.js';
import { Status } from './status.js';
import { Upload } from './stream.js';
import { BoutTimeline } from './timeline.js';
import { WholeUpload } from './analyze.js';
import { failure } from './words.js';

const $ = (id) => document.getElementById(id);

export class Referee {
  #bout = null;
  #signal = null;
  #drawn = null;    // the seed of a drawn bout, for the code block
  #upload = null;   // kept while its frames are at the server and another signal may be sent
  #busy = false;
  #turn = 0;        // rises with each new bout: what belongs to an older one is ignored

  constructor() {
    this.timeline = new BoutTimeline($('timeline'), (seconds) => this.player.seekTime(seconds));
    this.findings = new FindingsView({
      verdict: $('verdict'), title: $('verdict-title'), why: $('verdict-why'), sure: $('sure'), sureValue: $('sure-value'), sureBar: $('sure-bar'),
      findings: $('findings'), evidence: $('evidence'), filesSection: $('files-section'), files: $('files'),
    }, (seconds) => this.player.seekTime(seconds));
    this.player = new Player({ canvas: $('frame'), video: $('overlay'), transport: $('transport'), play: $('play'), scrub: $('scrub'), at: $('at') }, (_, seconds, fps) => {
      this.timeline.move(seconds);
      this.findings.at(seconds, fps);
    });
    this.progress = new Progress({ send: $('send'), count: $('send-count'), bar: $('send-bar'), rate: $('send-rate'), work: $('work') });
    this.status = new Status({ link: $('link'), linkText: $('link-text'), box: $('notice'), text: $('notice-text'), act: $('notice-act') });
    this.code = new Code({ tabs: $('code-tabs'), pane: $('code-pane'), code: $('code'), copy: $('code-copy') }, snippets);
    this.picker = new Picker({
      stage: $('stage'), videoName: $('video-name'), signalName: $('signal-name'), videoChoose: $('video-choose'), signalChoose: $('signal-choose'),
      videoFile: $('video-file'), signalFile: $('signal-file'), bothFile: $('both-file'), inviteChoose: $('invite-choose'), inviteDraw: $('invite-draw'), draw: $('draw'), seed: $('seed'),
    }, { video: (file) => this.#takeVideo(file), signal: (file) => this.#takeSignal(file), draw: (seed) => this.#draw(seed) });
    $('judge').addEventListener('click', () => (this.#busy ? this.#upload.stop() : this.#judge()));
    addEventListener('pagehide', () => this.#upload?.stop());
    this.#changed();
  }

  async #draw(seed) {
    const turn = this.#begin('Drawing a bout…');
    try {
      const { video, signal } = await drawBout(seed);
      if (turn !== this.#turn) return;
      this.#signal = signal;
      await this.#open(video, turn);
      this.#drawn = seed;
    } catch (error) {
      if (turn === this.#turn) this.status.failed(`The server could not draw a bout. ${error.message}`);
    }
    this.#changed();
  }

  async #takeVideo(file) {
    const turn = this.#begin(`Opening ${file.name}…`);
    await this.#open(file, turn);
    this.#changed();
  }

  #takeSignal(file) {
    this.#signal = file;
    this.#drawn = null;
    if (!this.#busy) this.status.idle(this.#bout ? 'Ready' : 'No video yet');
    this.#changed();
  }

  // Another bout takes the place of what was there.
  #begin(what) {
    this.#upload?.stop();
    this.#bout?.close?.();
    [this.#bout, this.#upload, this.#drawn] = [null, null, null];
    this.player.reset();
    this.progress.start(0);
    this.findings.say('Who has the touch?', what);
    this.status.idle('Opening');
    this.#note('');
    this.#turn += 1;
    // Until it is open there is nothing to judge, and an upload that was stopped keeps nobody busy.
    this.#busy = false;
    this.#changed();
    return this.#turn;
  }

  async #open(file, turn) {
    const bout = await open(file);
    if (turn !== this.#turn) return void bout.close?.();
    this.#bout = bout;
    $('stage').dataset.state = 'bout';
    $('invite').hidden = true;
    if (bout.from !== 'file') this.player.showFrames(bout);
    this.#note(bout.from === 'file' ? 'This browser cannot play that video. The server reads it with ffmpeg, where that is installed.' : '');
    this.status.idle('Ready');
  }

  async #judge() {
    const [turn, resumed] = [this.#turn, this.#upload instanceof Upload];
    this.#upload ??= this.#newUpload(turn);
    this.#busy = true;
    this.player.reset();
    if (!resumed) this.progress.start(this.#bout.count ?? this.#bout.file.size, this.#bout.from === 'file' ? 'bytes' : 'frames');
    this.findings.say('Who has the touch?', 'The bout goes to the server, frame by frame.');
    this.#changed();
    try {
      const result = await this.#upload.judge(this.#signal);
      if (turn === this.#turn) await this.#judged(read(result));
    } catch (error) {
      if (turn === this.#turn) this.#failed(error);
    }
    if (turn !== this.#turn) return;
    this.#busy = false;
    this.#changed();
  }

  #newUpload(turn) {
    const ears = {
      phase: (name, detail) => this.#phase(name, detail),
      sending: (_, picture) => this.player.preview(picture),
      sent: (bytes) => this.progress.sent(bytes),
      held: (frames) => this.progress.held(frames),
      bytes: (bytes) => this.progress.upTo(bytes),
      refused: (number, why) => this.#note(`The server refused frame ${number}: ${why}. The others go on.`),
      stage: (...stage) => this.progress.stage(...stage),
    };
    // What an upload that was left still has to say is nobody's business.
    const mine = (ear) => (...said) => { if (turn === this.#turn) ear(...said); };
    for (const name of Object.keys(ears)) ears[name] = mine(ears[name]);
    return this.#bout.from === 'file' ? new WholeUpload(this.#bout, ears) : new Upload(this.#bout, ears);
  }

  #phase(name, detail) {
    this.status.phase(name, detail);
    if (name === 'lost') this.progress.lost();
    if (name !== 'judging') return;
    this.progress.all();
    this.findings.say('Who has the touch?', 'All is there. The referee looks at it.');
  }

  async #judged(findings) {
    // A bout that went as a whole file is of a rate that only the server knows.
    const fps = findings.fps ?? this.#bout.fps ?? 15;
    this.#upload = null;
    this.progress.all();
    this.findings.show(findings);
    this.timeline.show(findings);
    this.timeline.move(0);
    this.status.idle(findings.seconds === null ? 'Judged' : `Judged in ${findings.seconds.toFixed(1)} s`, 'live');
    await this.#showOverlay(findings, fps);
    this.player.seek(0);
  }

  // The overlay as a video; one of JPEGs that no browser plays is played frame by frame; else the bout itself.
  async #showOverlay({ overlay, notes }, fps) {
    if (overlay && await this.player.showVideo(at(overlay.url), fps)) return this.#note('');
    const frames = overlay && await fetch(at(overlay.url)).then((answer) => (answer.ok ? answer.blob() : null)).then((blob) => blob && readAvi(blob)).catch(() => null);
    if (frames) this.player.showFrames(frames);
    else if (this.#bout.count) this.player.showFrames(this.#bout);
    const why = notes.length ? notes.join('. ') : overlay ? 'this browser does not play its format' : 'none was made';
    this.#note(frames ? `Shown frame by frame, since the overlay is no video for browsers: ${why}.` : `Without the overlay: ${why}.`);
  }

  #failed(error) {
    const { text, act } = failure(error);
    if (act !== 'signal' && !(this.#upload instanceof Upload && act === 'again')) this.#upload = null;
    this.findings.say('No verdict yet.', 'The message on the picture says why.', 'failed');
    if (this.#bout.count) this.player.showFrames(this.#bout);
    const acts = { signal: ['Choose a signal…', () => this.picker.chooseSignal()], again: ['Try again', () => this.#judge()] };
    this.status.failed(text, ...(acts[act] ?? []));
  }

  #note(text) {
    $('stage-note').hidden = !text;
    $('stage-note').textContent = text;
  }

  // What can be done now, and what the code block is about.
  #changed() {
    const named = this.#bout && (this.#bout.count ? `${this.#bout.name} · ${this.#bout.count} frames` : `${this.#bout.name} · ${size(this.#bout.file.size)}`);
    this.picker.show(named, this.#signal?.name);
    $('judge').disabled = !this.#busy && !(this.#bout && this.#signal);
    $('judge').textContent = this.#busy ? 'Stop' : 'Judge this bout';
    $('way').textContent = this.#bout ? way(this.#bout) : 'It goes to this server and nowhere else.';
    this.code.show({ server: location.origin, video: this.#bout?.name ?? 'bout.avi', signal: this.#signal?.name ?? 'bout.txt', drawn: this.#drawn });
  }
}
