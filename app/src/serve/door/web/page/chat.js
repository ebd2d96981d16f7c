// The connection. `session` is the protocol, `log` what was said, `draft` what is written.

import { put } from './draft.js';
import * as log from './log.js';
import * as session from './session.js';

const SILENT = 40_000; // ms; the room sends something each 15 s
const LATE = 20_000; // for a page that was just woken
const SHORTEST = 250, FIRST = 1000, LONGEST = 30_000; // ms from one try to the next
const { me } = session, { $ } = log;
let socket, timer, pause = FIRST, tried, alive;

const page = {
  send: text => socket.send(text),
  show: log.show,
  change() {
    log.showUnheard(session.entered().map(line => line.text));
    $('name').textContent = me.name;
    if (session.stage === 'on') tell('Connected');
  },
  giveBack(lines) {
    log.show('> The room is a new one; what the other had not heard is below', 'page');
    put([...lines, $('draft').value].join('\n'));
  },
};

function tell(state) {
  $('state').textContent = state;
  $('state').className = session.stage;
}

function connect() {
  timer = 0;
  tried = alive = Date.now();
  const mine = socket = new WebSocket(new URL('ws', location).href.replace('http', 'ws'));
  mine.onopen = () => session.open(page);
  mine.onmessage = ({ data }) => {
    if (mine !== socket) return;
    alive = Date.now();
    if (data) session.receive(data);
  };
  mine.onclose = ({ code }) => mine === socket && lose(code === 1001 && 'The room is closed');
}

function lose(reason) {
  socket.close();
  socket = null;
  session.close();
  const why = session.refusal || reason || 'Not connected';
  if (why.startsWith('Host removed')) return tell(why);
  tell(`${why}; trying again`);
  // Not all members come back at once.
  if (alive - tried > LONGEST) pause = FIRST;
  timer = setTimeout(connect, pause * (0.75 + Math.random() / 2));
  pause = Math.min(2 * pause, LONGEST);
}

function check(limit) {
  if (socket && Date.now() - alive > limit) lose();
}

function wake() {
  check(LATE);
  if (!timer) return;
  clearTimeout(timer);
  timer = setTimeout(connect, tried + SHORTEST - Date.now());
}

// Outlasts the page. A tab's double has it too, and asks whether another goes on with it.
function save() {
  try {
    sessionStorage.chat = JSON.stringify([me, $('draft').value, log.lines.slice(-500)]);
  } catch { } // full
}
const doubles = new BroadcastChannel('chat');
doubles.onmessage = ({ data }) => {
  if (data === `?${me.key}`) doubles.postMessage(`!${me.key}`);
  if (data === `!${me.key}`) Object.assign(me, { key: '', unheard: [] });
};

$('name').onclick = () => put('/name ');
$('draft').oninput = () => {
  save();
  wake();
};
window.ononline = wake;
window.onpagehide = save;
document.onvisibilitychange = () => {
  log.tell();
  save();
  wake();
};
setInterval(() => {
  check(SILENT);
  session.acknowledge();
  if (document.hidden) save();
}, 4000);

try {
  const [saved, text, lines] = JSON.parse(sessionStorage.chat);
  Object.assign(me, saved);
  log.lines.push(...lines);
  log.toEnd();
  put(text);
} catch { } // empty
doubles.postMessage(`?${me.key}`);
timer = setTimeout(connect, 100);
