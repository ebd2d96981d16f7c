// A member that comes back: all is said and shown once.

// Outlasts the page: lines since the key, bytes of ours that the room has heard, where those that
// it said ended, and what is behind them, { text, said, size }.
export const me = { key: '', name: '', lines: 0, heard: 0, ends: [], unheard: [] };
export let stage = 'away'; // then 'asked' or 'resuming', then 'on'
export let refusal = '';

let counts = 1; // the next line counts as so many
let kept = 0, got = 0; // bytes kept for us until the room is told what was got
let page; // send(text), show(line, kind), change(), giveBack(lines)
let wish = '', rest = '', isEarlier = false, isAsked = false, held = [];

const encoder = new TextEncoder();
export const entered = () => me.unheard.filter(line => !line.isOwn);

export function open(shown) {
  page = shown;
  stage = me.key ? 'resuming' : 'asked';
  refusal = rest = '';
  held = [];
  counts = 1;
  got = me.lines;
  page.send(me.key ? `/resume ${me.key} ${me.lines}\n` : '\n\r\n');
}

export function close() {
  stage = 'away';
}

export function enter(lines) {
  const sized = lines.map(line => ({ ...line, size: encoder.encode(line.text).length + 1 }));
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

// Tells the room what arrived, once it has heard that of before.
export function acknowledge() {
  if (stage !== 'on' || got === me.lines || me.unheard.some(line => line.isOwn)) return;
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
  const count = Number(value), is = (a, b) => word === a && stage === b;
  if (is('session', 'resuming')) beginAnew();
  if (is('session', 'asked') && name) begin(value, name);
  if (is('resumed', 'resuming') && count >= 0) resume(count, name);
  if (is('heard', 'on')) hear(count);
  if (is('counts', 'on') && count >= 0) counts = count;
}

function begin(key, name) {
  const lines = entered();
  isAsked = !me.name;
  Object.assign(me, { key, name, lines: 0, heard: 0, ends: [], unheard: [] });
  stage = 'on';
  got = 0;
  if (wish) say(`/name ${wish}`);
  if (isAsked) say('/history 20');
  enter(lines);
}

// It is another room, or has forgotten us: what was meant for it is not said.
function beginAnew() {
  const lines = entered();
  wish = me.name.includes(':') ? '' : me.name; // an address
  me.unheard = [];
  stage = 'asked';
  held.forEach(take);
  if (lines.length) page.giveBack(lines.map(line => line.text));
}

function resume(count, lines = me.lines) {
  stage = 'on';
  me.lines = +lines;
  if (count < me.heard) {
    const lost = me.ends.filter(end => end > count).length;
    me.ends.splice(-lost, lost);
    if (lost) page.show(`> Lost with a server: ${lost} of your lines`, 'page');
    me.unheard.unshift({ text: '', isOwn: true, size: 1 }); // ends a part
  }
  hear(count);
  const part = count - me.heard, first = me.unheard[0];
  if (part > 0 && first) {
    const text = new TextDecoder().decode(encoder.encode(first.text).slice(part));
    send([{ text }, ...me.unheard.slice(1)]);
  } else {
    me.heard = count; // or more, of an older page
    send(me.unheard);
  }
}

function hear(count) {
  while (me.unheard.length && me.heard + me.unheard[0].size <= count) {
    const { said, size } = me.unheard.shift();
    me.heard += size;
    if (said) {
      page.show(said, 'said');
      me.ends = [...me.ends.slice(-999), me.heard];
    }
  }
}

function take(line) {
  if (stage === 'resuming') return held.push(line); // it may come again
  if (stage === 'on') me.lines += counts;
  counts = 1;
  if (line[0] === '>' || line.includes(' -> ')) kept += 3 * line.length;
  const [, from, to] = /^> The user (\S+) is now (\S+)$/.exec(line) || [];
  if (from === me.name) me.name = to;
  if (/^> (The (chat server is full|room is locked)|Host removed)/.test(line)) {
    refusal = line.slice(2);
  }
  if (line === '> That was earlier') isEarlier = false;
  if (isAsked && /^> No(thing was said earlier| history)/.test(line)) return isAsked = false;
  page.show(line, isEarlier && 'earlier');
  if (/^> \d+ earlier message.*:$/.test(line)) [isEarlier, isAsked] = [true, false];
}
