//! A room with a page, and what somebody sees on it.

use std::fs::File;
use std::io::{Read, Write};
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};
use serde_json::Value;

use crate::chromium::{Browser, Tab};
use crate::harness::{LIMIT, Peer, Program, Server, executable};
use crate::surroundings::leave_out;

/// A server whose page is for browsers.
pub(crate) struct Room {
    pub(crate) server: Server,
    pub(crate) url: String,
    pub(crate) web: u16,
}

impl Room {
    /// Starts one; `None` where there is no browser.
    pub(crate) fn open(options: &[&str]) -> Option<Self> {
        is_there().then(|| Self::on_ports("0", "0", options))
    }

    pub(crate) fn on_ports(port: &str, web: &str, options: &[&str]) -> Self {
        let args = ["serve", "127.0.0.1", port, "--web", web];
        let server = Server::from(Program::start(args.iter().chain(options)));
        let web = match web {
            "0" => web_port(&server.program),
            _ => web.parse().unwrap(),
        };
        Self { server, url: format!("http://127.0.0.1:{web}/"), web }
    }

    /// A member by `nc`, who is told of all who come later.
    pub(crate) fn member(&self) -> Peer {
        self.server.member()
    }
}

/// A server on a terminal, at which the host types.
pub(crate) struct Host {
    child: Child,
    terminal: Pty,
    written: Receiver<Vec<u8>>,
    /// All that was written to the terminal.
    pub(crate) seen: String,
    pub(crate) url: String,
}

impl Host {
    pub(crate) fn start() -> Option<Self> {
        if !is_there() {
            return None;
        }
        let (terminal, pts) = open().unwrap();
        terminal.resize(Size::new(50, 120)).unwrap();
        let child = Command::new(executable())
            .args(["serve", "127.0.0.1", "0", "--web", "0"])
            .env("TERM", "xterm")
            .spawn(pts)
            .unwrap();
        let mut output = File::from(rustix::io::dup(&terminal).unwrap());
        let (sender, written) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let mut host = Self { child, terminal, written, seen: String::new(), url: String::new() };
        // The picture of the address is below it.
        host.sees("█");
        let (_, url) = host.seen.split_once("Join with a browser: ").unwrap();
        let end = url.find(|c: char| c.is_control() || c == ' ').unwrap();
        host.url = url[..end].to_owned();
        Some(host)
    }

    /// Waits until the terminal has been given a text.
    pub(crate) fn sees(&mut self, text: &str) {
        while !self.seen.contains(text) {
            let written = self.written.recv_timeout(LIMIT);
            let written = written.unwrap_or_else(|_| panic!("no {text:?}: {}", self.seen));
            self.seen += &String::from_utf8_lossy(&written);
        }
    }

    pub(crate) fn types(&mut self, text: &str) {
        self.terminal.write_all(text.as_bytes()).unwrap();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns whether there is a browser.
fn is_there() -> bool {
    let is_there = Browser::is_installed();
    if !is_there {
        leave_out("chromium is not installed");
    }
    is_there
}

/// Returns the port of the page, which a server names if it has chosen it.
fn web_port(server: &Program) -> u16 {
    const BEFORE: &str = "chat: the page is at http://127.0.0.1:";
    let said = server.err.wait_for("/\n");
    let port = said.strip_prefix(BEFORE).and_then(|rest| rest.strip_suffix("/\n"));
    port.unwrap_or_else(|| panic!("{said:?}")).parse().unwrap()
}

/// What the user of a tab sees and does.
impl Tab<'_> {
    /// Waits until the room knows who this is.
    pub(crate) fn is_in(&self) {
        self.wait("document.getElementById('state').className === 'on'");
    }

    /// Waits until the room has heard what was entered.
    pub(crate) fn is_heard(&self) {
        self.wait("document.getElementById('waiting').childElementCount === 0");
    }

    /// Waits until a row of what was said contains a text.
    pub(crate) fn shows(&self, text: &str) {
        self.wait(&has(text));
    }

    /// Returns whether one does.
    pub(crate) fn has(&self, text: &str) -> bool {
        self.eval(&has(text)) == true
    }

    /// Returns what was said, row by row, without the times.
    pub(crate) fn rows(&self) -> Vec<String> {
        self.rows_of("#log > div")
    }

    /// Returns the text of the rows that a selector finds, without the times.
    pub(crate) fn rows_of(&self, selector: &str) -> Vec<String> {
        let rows = self.eval(&format!(
            "[...document.querySelectorAll('{selector}')].map(row => [...row.childNodes]
                .filter(node => node.nodeName !== 'TIME').map(node => node.textContent).join(''))"
        ));
        rows.as_array().unwrap().iter().map(|row| row.as_str().unwrap().to_owned()).collect()
    }

    /// Enters a line.
    pub(crate) fn says(&self, text: &str) {
        self.insert(text);
        self.enter();
    }

    pub(crate) fn draft(&self) -> Value {
        self.eval("document.getElementById('draft').value")
    }
}

/// What is true if a row of what was said contains a text.
fn has(text: &str) -> String {
    let text = Value::from(text);
    format!(
        "[...document.querySelectorAll('#log > div')].some(row => row.textContent.includes({text}))"
    )
}
