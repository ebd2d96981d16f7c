// A member that comes back (protocol.md): wherever connections end, all is said and shown once.

// Outlasts connections and the page: lines that came after the key, bytes of ours that the room has
// heard, and the lines behind those, { text, said, size }.
export const me = { key: '', name: '', lines: 0, heard: 0, unheard: [] };
export let stage = 'away'; // then 'asked' or 'resuming', then 'on'
export let refusal = '';

let kept = 0, got = 0; // bytes that the room keeps for us until it is told what was got
let page; // send(text), show(line, kind), change(), giveBack(lines)
let wish = '', isEarlier = false, isAsked = false;
let rest = '', held = [];

const encoder = new TextEncoder();
const size = text => encoder.encode(text).length + 1;
export const entered = () => me.unheard.filter(line => !line.isOwn);

export function open(shown) {
  page = shown;
  stage = me.key ? 'resuming' : 'asked';
  refusal = rest = '';
  held = [];
  got = me.lines;
  page.send(me.key ? `/resume ${me.key} ${me.lines}\n` : '\n\r\n');
}

export function close() {
  stage = 'away';
}

export function enter(lines) {
  const sized = lines.map(line => ({ ...line, size: size(line.text) }));
  me.unheard.push(...sized);
  if (stage === 'on') send(sized);
  page?.change();
}

export function receive(text) {
  const lines = (rest + text).split('\n');
  rest = lines.pop();
  for (const line of lines) {
    if (line.startsWith('> /')) obey(...line.slice(3).split(' '));
    else take(line);
  }
  if (kept > 4096) acknowledge();
  page.change();
}

// Tells the room what arrived, once it has heard what it was told last.
export function acknowledge() {
  if (stage !== 'on' || got === me.lines || me.unheard.length > entered().length) return;
  got = me.lines;
  kept = 0;
  say(`/got ${got}`);
}

const say = text => enter([{ text, isOwn: true }]);

function send(lines) {
  if (lines.length) page.send(lines.map(line => line.text + '\n').join(''));
}

// Heeds nothing but what was asked for.
function obey(word, value, name) {
  const count = Number(value);
  if (word === 'session' && stage === 'resuming') beginAnew();
  if (word === 'session' && stage === 'asked' && name) begin(value, name);
  if (word === 'resumed' && stage === 'resuming' && count >= 0) resume(count);
  if (word === 'heard' && stage === 'on') hear(count);
}

function begin(key, name) {
  const lines = entered();
  isAsked = !me.name;
  Object.assign(me, { key, name, lines: 0, heard: 0, unheard: [] });
  stage = 'on';
  got = 0;
  if (wish) say(`/name ${wish}`);
  if (isAsked) say('/history 20');
  enter(lines);
}

// It is another room, or has forgotten us: what was meant for the other is not said in it.
function beginAnew() {
  const lines = entered();
  wish = me.name.includes(':') ? '' : me.name; // an address
  me.unheard = [];
  stage = 'asked';
  held.forEach(take);
  if (lines.length) page.giveBack(lines.map(line => line.text));
}

function resume(count) {
  stage = 'on';
  hear(count);
  const part = count - me.heard, first = me.unheard[0];
  if (part > 0 && first) {
    const text = new TextDecoder().decode(encoder.encode(first.text).slice(part));
    send([{ text }, ...me.unheard.slice(1)]);
  } else {
    me.heard = count; // more, if the page was restored from before
    send(me.unheard);
  }
}

function hear(count) {
  while (me.unheard.length && me.heard + me.unheard[0].size <= count) {
    const { said, size } = me.unheard.shift();
    me.heard += size;
    if (said) page.show(said, 'said');
  }
}

function take(line) {
  if (stage === 'resuming') return held.push(line); // it may come again
  if (stage === 'on') me.lines++;
  if (line[0] === '>' || line.includes(' -> ')) kept += 3 * line.length;
  const [, from, to] = /^> The user (\S+) is now (\S+)$/.exec(line) || [];
  if (from && from === me.name) me.name = to;
  const isRefusal = /^> (The chat server is full|The room is locked|Host removed)/.test(line);
  if (isRefusal) refusal = line.slice(2);
  if (line === '> That was earlier') isEarlier = false;
  if (isAsked && /^> (Nothing was said earlier|No history)/.test(line)) return isAsked = false;
  page.show(line, isEarlier && 'earlier');
  if (/^> \d+ earlier message.*:$/.test(line)) [isEarlier, isAsked] = [true, false];
}
