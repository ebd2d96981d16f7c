'use strict';
const log = document.getElementById('log'), draft = document.getElementById('draft');
const socket = new WebSocket(location.origin.replace('http', 'ws') + '/ws');
socket.onmessage = event => log.append(event.data);
socket.onclose = event => log.append(`(${event.code})\n`);
document.getElementById('form').onsubmit = event => {
  event.preventDefault();
  socket.send(draft.value + '\n');
  log.append(`[You] ${draft.value}\n`);
  draft.value = '';
};
