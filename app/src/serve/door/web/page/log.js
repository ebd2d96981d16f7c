// What was said, on the page. Text is only ever set as text.

const KEEP = 5000; // lines
const BATCH = 200; // rows that are drawn in one frame
export const $ = id => document.getElementById(id);
const log = $('log'), scroll = $('scroll'), jump = $('jump');

export let lines = []; // { time, kind, label, speaker, said, isFirst }
let drawn = 0; // how many of them are, or need not be
let frame = 0, isAtEnd = true, unread = 0;
let isMarked = false; // whether one is the first that was not seen
let size = '', touched = 0; // when the user last did what may scroll
let unheard = [];
export const known = new Set(); // names: who was heard of last stands last

const clean = text =>
  text.replace(/[\0-\x08\n-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '\ufffd');

// A name holds no space; an address of IPv6 has brackets of its own.
function parse(text) {
  const [, label, said = text] = /^\[(\[\S*?\]:\d+|[^\s\]]+|\S+ -> \S+)\] (.*)$/.exec(text) || [];
  return { label, said, speaker: label?.replace(/^you -> | -> you$/, '') };
}

// Shows a line of the room's, an 'earlier' one, or one that was 'said' here.
export function show(line, kind) {
  const text = clean(line);
  const { label, speaker, said } = kind === 'said' ? { label: 'You', said: text } : parse(text);
  const [, name = speaker] = /^> (?:New user|The user \S+ is now) (\S+)/.exec(line) || [];
  known.delete(name);
  if (name) known.add(name);
  if (known.size > KEEP) known.delete(known.values().next().value);
  const isNew = !kind && !isSeen();
  lines.push({ time: Date.now(), kind, label, speaker, said, isFirst: isNew && !isMarked });
  isMarked ||= isNew;
  if (isNew && label) unread++;
  if (lines.length >= 2 * KEEP) {
    lines = lines.slice(-KEEP);
    drawn = Math.max(0, drawn - KEEP);
  }
  redraw();
}

// Shows last what the room has not heard.
export function showUnheard(texts) {
  if (texts.join() === unheard.join()) return;
  unheard = texts;
  redraw();
}

const isSeen = () => !document.hidden && document.hasFocus() && isAtEnd;

function redraw() {
  if (document.hidden) tell(); // there are no frames
  frame ||= requestAnimationFrame(draw);
}

function draw() {
  frame = 0;
  drawn = Math.max(drawn, lines.length - KEEP);
  const batch = lines.slice(drawn, drawn + BATCH);
  drawn += batch.length;
  log.append(...batch.map(row));
  for (let over = log.childElementCount - KEEP; over > 0; over--) log.firstElementChild.remove();
  $('waiting').replaceChildren(...unheard.slice(0, BATCH).map(text =>
    row({ kind: 'waits', label: 'You', said: clean(text) })));
  if (drawn < lines.length) redraw();
  stay();
  tell();
}

const sizes = () => `${scroll.scrollHeight} ${scroll.clientHeight}`;

function stay() {
  if (isAtEnd) scroll.scrollTop = scroll.scrollHeight;
  size = sizes();
}

export function tell() {
  if (isSeen()) [unread, isMarked] = [0, false];
  document.title = unread ? `(${unread}) chat` : 'chat';
  jump.hidden = isAtEnd;
  jump.textContent = unread ? `${unread} new ↓` : '↓';
}

export function element(name, ...children) {
  const made = document.createElement(name);
  made.append(...children);
  return made;
}

const clock = new Intl.DateTimeFormat([], { timeStyle: 'short' });
function row({ time, kind, label, speaker, said, isFirst }) {
  const made = element('div');
  if (time && kind !== 'earlier') made.append(element('time', clock.format(time)));
  if (label) {
    const name = element('b', `[${label}]`);
    if (speaker) name.style.setProperty('--hue', hue(speaker));
    made.append(element('bdi', name), ' ');
  }
  made.append(body(said));
  if (isFirst) log.querySelector('.mark')?.classList.remove('mark');
  const isPrivate = speaker && label !== speaker;
  made.className = [kind, !label && 'notice', isPrivate && 'private', isFirst && 'mark'].join(' ');
  return made;
}

function hue(name) {
  let hash = 0;
  for (const c of name) hash = Math.imul(hash ^ c.codePointAt(), 0x9e3779b1);
  return (hash >>> 16) % 360;
}

// Takes off punctuation, and Korean particles.
function trim(link) {
  const cut = link.replace(/[.,:;!?\]}、。]+$/, '').replace(/([\w)-])[가-힣]{1,4}$/, '$1');
  return cut.endsWith(')') && !cut.includes('(') ? trim(cut.slice(0, -1)) : cut;
}

function body(text) {
  const made = element('bdi');
  let at = 0;
  for (const { 0: found, index } of text.matchAll(/https?:\/\/[^\s<>"'`\u2018-\u201f]+/g)) {
    const link = element('a', trim(found));
    try {
      link.href = link.title = new URL(link.textContent).href;
    } catch {
      continue;
    }
    link.target = '_blank';
    link.rel = 'noopener noreferrer nofollow';
    made.append(text.slice(at, index), link);
    at = index + link.textContent.length;
  }
  made.append(text.slice(at));
  return made;
}

for (const kind of ['wheel', 'touchmove', 'keydown']) {
  scroll.addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
}
scroll.onscroll = () => {
  // With another size, and nothing done, it is not the user.
  if (isAtEnd && size !== sizes() && Date.now() - touched > 300) return stay();
  isAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 2;
  tell();
};
window.onfocus = tell;
const observer = new ResizeObserver(stay);
observer.observe(scroll);
observer.observe(log);

export const toEnd = jump.onclick = () => {
  isAtEnd = true;
  redraw();
};
$('save').onclick = () => {
  const text = lines.map(({ time, label, said }) =>
    `${new Date(time).toISOString()} ${label ? `[${label}] ` : ''}${said}\n`);
  const link = element('a');
  link.href = URL.createObjectURL(new Blob(text));
  link.download = 'chat.txt';
  link.click();
};
