//! A server of the room on a terminal, at which its host types.

use std::fs::File;
use std::io::{Read, Write};
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread;

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};

use crate::engine::free_port;
use crate::harness::{Peer, executable, wait_until};

/// Dropping this kills it.
pub(crate) struct Host {
    pub(crate) port: u16,
    child: Child,
    terminal: Pty,
    /// All that was written to the terminal.
    written: Arc<Mutex<Vec<u8>>>,
}

impl Host {
    pub(crate) fn start(url: &str) -> Self {
        let port = free_port();
        let (terminal, pts) = open().unwrap();
        terminal.resize(Size::new(50, 120)).unwrap();
        let child = Command::new(executable())
            .args(["serve", "127.0.0.1", &port.to_string(), "--shared", url])
            .env("TERM", "xterm")
            .spawn(pts)
            .unwrap();
        let mut output = File::from(rustix::io::dup(&terminal).unwrap());
        let written = Arc::new(Mutex::new(Vec::new()));
        let host = Self { port, child, terminal, written: written.clone() };
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                written.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        host.sees("started on port");
        host
    }

    /// Waits until the terminal has been given a text.
    pub(crate) fn sees(&self, text: &str) {
        wait_until(&format!("the host sees {text:?}"), || {
            let written = self.written.lock().unwrap();
            String::from_utf8_lossy(&written).contains(text).then_some(())
        });
    }

    /// Enters a line.
    pub(crate) fn enters(&mut self, line: &str) {
        self.terminal.write_all(format!("{line}\r").as_bytes()).unwrap();
    }

    pub(crate) fn peer(&self) -> Peer {
        let mut peer = Peer::connect(("127.0.0.1", self.port));
        assert!(peer.line().starts_with("> Connected to the chat server ("));
        peer
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- host:\n{}", String::from_utf8_lossy(&self.written.lock().unwrap()));
        }
    }
}
