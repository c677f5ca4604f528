// Starts the studio: the panel of the World pipeline, and a look at the server's status now and then.

import { status } from './api.js';
import { Card } from './card.js';
import { World } from './world.js';

const STATUS_EVERY_MS = 5000;
const $ = (id) => document.getElementById(id);

const card = new Card({ name: $('card-name'), kind: $('card-kind'), engine: $('card-engine'), fault: $('card-fault'), version: $('version') });
const world = new World(card);

async function look() {
  if (document.hidden) return;
  try {
    const now = await status();
    card.status(now);
    if (now.listeners?.gamecraft) world.publicApi(`http://${location.hostname}:${now.listeners.gamecraft}`);
  } catch { /* the connection state already says that the server is away */ }
}

look();
setInterval(look, STATUS_EVERY_MS);
world.open();
