// The page of the original's kind: a picture, a stream, W A S D, and a plain <img> that plays the video.
// Calls, in this order: health; (stop of the old stream); start; with the first key the video, then controls.

const RETRY_MS = 2000;      // the video is opened again this long after it failed
const NO_DATA_MS = 45_000;  // and when nothing at all came for this long,
const NO_DATA_RETRIES = 3;  // at most so many times
const HOLD_MS = 100;        // a held key is sent again this often
const HEALTH_MS = 5000;     // an unhealthy server is asked again this often

const $ = (id) => document.getElementById(id);
const API = document.querySelector('meta[name="api-url"]').content || `http://${location.hostname}:8083`;

let healthy = false;
let imageBase64 = '';
let stream = null;
let starting = false;
let watching = false;
let noData = { timer: 0, count: 0 };

/** A call to the API; a reply that is no success becomes an error "statusText - body". */
async function call(path, init) {
  const response = await fetch(API + path, init);
  if (!response.ok) throw new Error(`${response.statusText} - ${await response.text()}`);
  return response.json();
}

const postJson = (path, body) => call(path, {
  method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
});

function say(text, bad = false) {
  $('message').textContent = text;
  $('message').classList.toggle('bad', bad);
}

function showButtons() {
  $('start').disabled = !healthy || !imageBase64;
  $('stop').disabled = !stream;
  for (const button of $('pad').querySelectorAll('button')) button.disabled = !stream;
}

async function askHealth() {
  let text = 'Server ready';
  try {
    const health = await call('/health');
    healthy = health.status === 'healthy';
    if (!healthy) text = 'The model is not ready yet';
  } catch {
    healthy = false;
    text = `No answer from ${API}`;
  }
  $('health').textContent = text;
  $('health').dataset.state = healthy ? 'healthy' : 'unhealthy';
  showButtons();
  if (!healthy) setTimeout(askHealth, HEALTH_MS);
}

function readPicture() {
  const file = $('image').files[0];
  if (!file) return;
  const reader = new FileReader();
  reader.onload = () => {
    imageBase64 = reader.result.slice(reader.result.indexOf(',') + 1);
    $('preview').src = reader.result;
    $('preview').hidden = false;
    $('empty').hidden = true;
    showButtons();
  };
  reader.readAsDataURL(file);
}

async function stop() {
  if (!stream) return;
  const old = stream;
  stream = null;
  closeVideo();
  showButtons();
  // No body and no content type: such a request needs no preflight.
  await call(`/stop_stream/${old}`, { method: 'POST' }).catch(() => {}); // it may have ended by itself
}

async function start() {
  if (starting) return; // a double click would leave a stream that nobody stops
  starting = true;
  await stop();
  say('Starting…');
  try {
    const answer = await postJson('/start_stream', {
      image_base64: imageBase64,
      prompt: $('prompt').value,
      video_size: $('size').value.split(',').map(Number),
      cfg_scale: Number($('cfg').value),
      seed: Number($('seed').value),
      infer_steps: Number($('steps').value),
      sample_n_frames: Number($('frames').value),
      use_fp8: $('fp8').checked,
    });
    stream = answer.stream_id;
    say('Started. Hold W, A, S or D to walk.');
  } catch (error) {
    say(error.message, true);
  }
  starting = false;
  showButtons();
}

// --- the video -------------------------------------------------------------------------------------------------

function openVideo(query = '') {
  watching = true;
  $('video').src = `${API}/video/${stream}${query}`;
  $('video').hidden = false;
  $('preview').hidden = true;
  clearTimeout(noData.timer);
  noData.timer = setTimeout(reopenWithoutData, NO_DATA_MS);
}

function closeVideo() {
  watching = false;
  clearTimeout(noData.timer);
  noData.count = 0;
  $('video').removeAttribute('src');
  $('video').hidden = true;
  $('preview').hidden = !imageBase64;
}

function reopenWithoutData() {
  if (!watching || $('video').naturalWidth > 0 || noData.count >= NO_DATA_RETRIES) return;
  noData.count += 1;
  openVideo(`?retry=${noData.count}&t=${Date.now()}`);
}

$('video').addEventListener('error', () => {
  if (!watching) return;
  const failed = stream;
  setTimeout(() => { if (watching && stream === failed) openVideo(`?retry=${Date.now()}`); }, RETRY_MS);
});

// --- the keys --------------------------------------------------------------------------------------------------

const held = new Set(); // in the order of pressing; the last one counts
let walking = false;

async function walk() {
  if (walking) return;
  walking = true;
  while (stream && held.size > 0) {
    if (!watching) openVideo();
    const action = [...held].at(-1);
    try {
      const answer = await postJson(`/control/${stream}`, { action, speed: Number($('speed').value) });
      if (answer.status === 'action_sent') say(`Walking: ${action.toUpperCase()}`);
    } catch (error) {
      say(error.message, true);
    }
    await new Promise((resolve) => setTimeout(resolve, HOLD_MS));
  }
  walking = false;
}

function showHeld() {
  for (const button of $('pad').querySelectorAll('button')) button.classList.toggle('held', held.has(button.dataset.key));
}

function press(key) { if (stream) { held.add(key); showHeld(); walk(); } }
function release(key) { held.delete(key); showHeld(); }

const keyOf = (event) => ({ KeyW: 'w', KeyA: 'a', KeyS: 's', KeyD: 'd' })[event.code];
const typing = (event) => event.target.matches?.('textarea, select, input:not([type=range], [type=checkbox])');

addEventListener('keydown', (event) => {
  const key = keyOf(event);
  if (!key || typing(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  if (!event.repeat) press(key);
});
addEventListener('keyup', (event) => { if (keyOf(event)) release(keyOf(event)); });
addEventListener('blur', () => { held.clear(); showHeld(); });

$('pad').addEventListener('pointerdown', (event) => {
  const key = event.target.dataset.key;
  if (!key) return;
  event.target.setPointerCapture(event.pointerId);
  press(key);
});
$('pad').addEventListener('lostpointercapture', (event) => release(event.target.dataset.key));
$('pad').addEventListener('contextmenu', (event) => event.preventDefault());

// --- the form --------------------------------------------------------------------------------------------------

for (const name of ['speed', 'frames']) {
  $(name).addEventListener('input', () => { $(`${name}-value`).textContent = $(name).value; });
}
$('image').addEventListener('change', readPicture);
$('settings').addEventListener('submit', (event) => { event.preventDefault(); start(); });
$('stop').addEventListener('click', async () => { await stop(); say('Stopped.'); });
addEventListener('pagehide', () => { if (stream) navigator.sendBeacon(`${API}/stop_stream/${stream}`); });

readPicture(); // a browser may keep the chosen file over a reload
askHealth();
