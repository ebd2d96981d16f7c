// What the user writes, and what it means, as in `chat join`.

import { $, element, known, toEnd } from './log.js';
import { enter, me } from './session.js';

const [draft, hints, doubt] = ['draft', 'hints', 'doubt'].map($);
const COMMANDS = new RegExp('^(/+)(?:name|nick|who|names|msg|reply|r|history|help|kick|mute|unmute|'
  + 'hush|open|lock|unlock|topic|private|(session|resume|got|bye))(?= |$)', 'gm');
const SUGGESTED = ['/msg ', '/reply ', '/who', '/name ', '/history', '/help'];
let isSure = false; // whether it was asked about a doubtful line

export function put(text) {
  draft.value = text;
  draft.focus();
  changed();
}

// What is sent for a line, what that says, and whether to ask first.
function read(text) {
  const [, slashes, ofPrograms] = [...text.matchAll(COMMANDS)][0] || [];
  if (slashes === '/' && ofPrograms) return { text: `/${text}`, said: text, isDoubtful: true };
  if (slashes) return { text, said: slashes === '/' ? '' : text.slice(1) };
  return { text, said: text, isDoubtful: /^\s*[/／]\p{L}[^\s/]*(\s|$)/u.test(text) };
}

// The room relays no line with nothing to see.
const isVisible = text => /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\u2800]/u.test(text);

function send() {
  const lines = draft.value.split('\n').filter(isVisible).map(read);
  if (!isSure && lines.some(line => line.isDoubtful)) {
    isSure = true;
    doubt.textContent = 'There is no such command; Enter again says it to everybody';
  } else if (lines.length) {
    put('');
    toEnd();
    enter(lines);
  }
}

function changed() {
  isSure = false;
  doubt.textContent = '';
  draft.style.height = 'auto';
  draft.style.height = `${draft.scrollHeight + 2}px`;
  const { value } = draft;
  const others = [...known].filter(name => name !== me.name).reverse();
  const all = value.startsWith('/msg ') ? others.map(name => `/msg ${name} `) : SUGGESTED;
  const found = value ? all.filter(line => line.startsWith(value) && line !== value) : [];
  hints.replaceChildren(...found.slice(0, 8).map(line => {
    const hint = element('button', line);
    hint.onclick = () => put(line);
    return hint;
  }));
}

// Enter sends. In what is composed it picks a Chinese or Japanese word, which is not sent yet; a
// Korean syllable leaves nothing to pick: it is sent. Systems differ in these events.
const HANGUL = /^[\u1100-\u11ff\u3130-\u318f\uac00-\ud7ff]+$/;
let isShifted, composed, sendsAfter; // whether Enter was pressed in what is composed

draft.onkeydown = event => {
  const { key, code, isComposing } = event;
  isShifted = event.shiftKey;
  const isEnter = /Enter/.test(key + code) && !isShifted;
  if (isComposing || event.keyCode === 229) {
    sendsAfter = isComposing && isEnter;
    // Safari ends what is composed before it tells of the key that did.
    if (!isComposing && isEnter && HANGUL.test(composed)) setTimeout(send);
  } else if (isEnter) {
    event.preventDefault();
    send();
  } else if (key === 'Tab' && !isShifted && hints.firstChild) {
    event.preventDefault();
    hints.firstChild.click();
  } else if (key === 'Escape') {
    hints.replaceChildren();
  }
  composed = '';
};
draft.addEventListener('compositionend', ({ data }) => {
  composed = data;
  if (sendsAfter && HANGUL.test(data)) setTimeout(send); // it may not be in the text yet
  sendsAfter = false;
});
draft.addEventListener('beforeinput', event => {
  const { inputType, data } = event;
  if (/^insert(LineBreak|Paragraph)$/.test(inputType) && !isShifted) {
    event.preventDefault();
    if (event.isComposing) sendsAfter = true;
    else send();
  }
  if (inputType === 'insertFromPaste' && data) {
    // What is pasted is said, whatever it begins with.
    const before = /[^\n]?$/.exec(draft.value.slice(0, draft.selectionStart))[0];
    const escaped = (before + data).replace(COMMANDS, '/$&').slice(before.length);
    if (escaped === data) return;
    event.preventDefault();
    document.execCommand('insertText', false, escaped); // it can be undone
  }
});
draft.addEventListener('input', changed);
$('send').onclick = send;
