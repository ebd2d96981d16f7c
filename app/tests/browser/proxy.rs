//! A link that loses connections, at the byte that a test wants.

use std::io::{Read, Write};
use std::mem;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use socket2::SockRef;

/// A listener that hands what it gets on to a server.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// After how many bytes of the next WebSocket it is lost, from the page and to it.
    next: Option<[usize; 2]>,
    /// Whether nothing of the next one's comes from the page before the server has said something.
    is_next_late: bool,
    /// Both sockets of each connection there is.
    open: Vec<[TcpStream; 2]>,
    /// How many were lost by a count.
    lost: usize,
}

impl Proxy {
    pub(crate) fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self { port: listener.local_addr().unwrap().port(), state: Arc::default() };
        let state = Arc::clone(&proxy.state);
        thread::spawn(move || {
            for page in listener.incoming() {
                let (Ok(page), Ok(server)) = (page, TcpStream::connect(("127.0.0.1", port))) else {
                    continue;
                };
                let state = Arc::clone(&state);
                thread::spawn(move || connect(page, server, &state));
            }
        });
        proxy
    }

    /// Loses the next WebSocket after so many bytes of frames from the page, or to it.
    pub(crate) fn lose_next_after(&self, from_page: usize, to_page: usize) {
        self.state.lock().unwrap().next = Some([from_page, to_page]);
    }

    /// The link of the next WebSocket is slow from the page at first: the server has said something
    /// by then.
    pub(crate) fn delay_next(&self) {
        self.state.lock().unwrap().is_next_late = true;
    }

    /// Loses all connections.
    pub(crate) fn lose(&self) {
        self.state.lock().unwrap().open.drain(..).for_each(|pair| reset(&pair));
    }

    /// How many were lost after the bytes that were wanted.
    pub(crate) fn lost(&self) -> usize {
        self.state.lock().unwrap().lost
    }
}

fn connect(page: TcpStream, server: TcpStream, state: &Arc<Mutex<State>>) {
    // The head of the request, and of the answer, are not counted.
    let (mut from, mut to) = (page.try_clone().unwrap(), server.try_clone().unwrap());
    let Some(head) = head(&mut from) else { return };
    let is_socket = head.starts_with("GET /ws");
    if to.write_all(head.as_bytes()).is_err() {
        return;
    }
    let pair = [page, server];
    let (limits, is_late) = {
        let mut state = state.lock().unwrap();
        state.open.push(pair.each_ref().map(|socket| socket.try_clone().unwrap()));
        if is_socket {
            (state.next.take(), mem::take(&mut state.is_next_late))
        } else {
            (None, false)
        }
    };
    let [up, down] = limits.unwrap_or([usize::MAX; 2]);
    let [page, server] = pair;
    let from_page = (page.try_clone().unwrap(), server.try_clone().unwrap());
    let from_server = (server, page);
    let (up_state, down_state) = (Arc::clone(state), Arc::clone(state));
    // It is closed once the server has said something.
    let (silent, speaks) = channel::<()>();
    thread::spawn(move || {
        if is_late {
            let _ = speaks.recv();
        }
        pass_on(from_page, up, &up_state);
    });
    thread::spawn(move || {
        let (mut from, mut to) = from_server;
        if is_socket {
            let Some(head) = self::head(&mut from) else { return };
            let _ = to.write_all(head.as_bytes());
            let _ = from.peek(&mut [0]);
        }
        drop(silent);
        pass_on((from, to), down, &down_state);
    });
}

/// Hands on `limit` bytes at the most; then the connection is lost.
fn pass_on((mut from, mut to): (TcpStream, TcpStream), limit: usize, state: &Mutex<State>) {
    if pass(&mut from, &mut to, limit) {
        state.lock().unwrap().lost += 1;
        reset(&[from, to]);
    } else {
        let _ = to.shutdown(Shutdown::Write);
    }
}

/// Reads the head of a request or an answer, and nothing behind it.
fn head(from: &mut TcpStream) -> Option<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        from.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}

/// Hands on `limit` bytes at the most. Returns whether it was so many.
fn pass(from: &mut TcpStream, to: &mut TcpStream, limit: usize) -> bool {
    let (mut left, mut buffer) = (limit, [0; 16 * 1024]);
    while left > 0 {
        let most = left.min(buffer.len());
        let Ok(count @ 1..) = from.read(&mut buffer[..most]) else { return false };
        if to.write_all(&buffer[..count]).is_err() {
            return false;
        }
        left -= count;
    }
    true
}

/// Ends connections as a link does that is gone: what is under way is lost.
fn reset(sockets: &[TcpStream; 2]) {
    for socket in sockets {
        let _ = SockRef::from(socket).set_linger(Some(Duration::ZERO));
        let _ = socket.shutdown(Shutdown::Both);
    }
}
