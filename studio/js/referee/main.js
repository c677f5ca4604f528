// Starts the referee's page, and looks at the server's status now and then.

import { status } from '../api.js';
import { Card } from './card.js';
import { Referee } from './referee.js';

const STATUS_EVERY_MS = 5000;
const $ = (id) => document.getElementById(id);

const card = new Card({ name: $('card-name'), kind: $('card-kind'), engine: $('card-engine'), rules: $('card-rules'), fault: $('card-fault'), version: $('version') });
new Referee();

async function look() {
  if (document.hidden) return;
  try { card.status(await status()); } catch { card.away(); }
}

look();
setInterval(look, STATUS_EVERY_MS);
