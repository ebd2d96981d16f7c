//! A WebSocket client of the tests' own, which is strict about what it gets; and requests.

use std::io::{self, Read};
use std::net::{SocketAddr, TcpStream};

use socket2::{Domain, Socket, Type};

use crate::harness::{Peer, Program, Server, port_in};

/// The key and the proof of RFC 6455, 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const PROOF: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A mask as good as any.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

pub(super) const TEXT: u8 = 0x81;
pub(super) const BINARY: u8 = 0x82;
pub(super) const CLOSE: u8 = 0x88;
pub(super) const PING: u8 = 0x89;
pub(super) const PONG: u8 = 0x8a;

/// `chat serve` with a page, both on free ports.
pub(super) struct Web {
    pub(super) server: Server,
    pub(super) port: u16,
}

impl Web {
    pub(super) fn start(options: &[&str]) -> Self {
        Self::start_on("127.0.0.1", options)
    }

    pub(super) fn start_on(host: &str, options: &[&str]) -> Self {
        let args = [&["serve", "--web", "0"], options, &[host, "0"]].concat();
        Self::from(Program::start(args))
    }

    pub(super) fn from(program: Program) -> Self {
        let said = program.err.wait_for("/\n");
        let said = said.lines().find(|line| line.contains("the page is at ")).unwrap().to_owned();
        let port = port_of(&said);
        let server = Server { port: port_in(&program.out.wait_for("\n")), program };
        Self { server, port }
    }

    /// A socket to its door.
    pub(super) fn peer(&self) -> Peer {
        Peer::new(connect(self.port).unwrap())
    }

    /// What is answered to a head, given without its last, empty line.
    pub(super) fn asks(&self, head: &str) -> Response {
        let mut peer = self.peer();
        peer.send(format!("{head}\r\n"));
        Response::read(peer)
    }

    /// What is answered to a request for a path by the server's own address.
    pub(super) fn gets(&self, path: &str, fields: &str) -> Response {
        self.asks(&format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{fields}", self.port))
    }

    /// A member that has read its greeting.
    pub(super) fn member(&self) -> Page {
        let mut page = Page::connect(self.port);
        assert!(page.line().starts_with("> Connected to the chat server ("));
        page
    }
}

/// Connects to a port of 127.0.0.1 from an address that no member by lines has: to two ports a system
/// may connect from one and the same, and then two members are called the same.
pub(super) fn connect(port: u16) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 2], 0)).into())?;
    socket.connect(&SocketAddr::from(([127, 0, 0, 1], port)).into())?;
    Ok(socket.into())
}

/// The port of the address that a line ends with.
pub(super) fn port_of(line: &str) -> u16 {
    let address = line.strip_suffix('/').and_then(|line| line.rsplit_once(':'));
    address.and_then(|(_, port)| port.parse().ok()).unwrap_or_else(|| panic!("{line:?}"))
}

/// An answer that is not an upgrade.
pub(super) struct Response {
    pub(super) status: String,
    fields: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Response {
    /// All of it, until the server closes.
    pub(super) fn read(mut peer: Peer) -> Self {
        let mut bytes = Vec::new();
        peer.stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let body = bytes.split_off(end.unwrap_or_else(|| panic!("{bytes:?}")) + 4);
        let head = String::from_utf8(bytes).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().strip_prefix("HTTP/1.1 ").unwrap().to_owned();
        let fields = lines.map(|line| line.split_once(": ").unwrap());
        let fields = fields.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        Self { status, fields, body }
    }

    /// The only value of a field.
    #[track_caller]
    pub(super) fn field(&self, name: &str) -> &str {
        let mut values = self.fields.iter().filter(|(field, _)| field == &name.to_lowercase());
        let (_, value) = values.next().unwrap_or_else(|| panic!("no {name}: {:?}", self.fields));
        assert_eq!(values.next(), None);
        value
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field == &name.to_lowercase())
    }
}

/// A request for the WebSocket, as a page sends it, without its last, empty line.
pub(super) fn handshake(port: u16) -> String {
    format!(
        "GET /ws HTTP/1.1\r\n\
         Host: 127.0.0.1:{port}\r\n\
         Connection: keep-alive, Upgrade\r\n\
         Upgrade: websocket\r\n\
         Origin: http://127.0.0.1:{port}\r\n\
         Sec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
         Sec-WebSocket-Key: {KEY}\r\n"
    )
}

/// A frame of a client's: its first byte, and its payload.
pub(super) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    // As short as can be (5.2).
    match payload.len() {
        short @ 0..126 => frame.push(0x80 | u8::try_from(short).unwrap()),
        length => match u16::try_from(length) {
            Ok(length) => {
                frame.push(0x80 | 126);
                frame.extend(length.to_be_bytes());
            }
            Err(_) => {
                frame.push(0x80 | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        },
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// What a page gets: a message, or a frame that is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Got {
    Text(String),
    Pong(Vec<u8>),
    /// The code of a close, behind which there is nothing.
    Close(u16),
}

/// A WebSocket to the server, as a page has it.
pub(super) struct Page {
    pub(super) peer: Peer,
    /// Lines of a message that are not taken.
    lines: String,
}

impl Page {
    pub(super) fn connect(port: u16) -> Self {
        let mut peer = Peer::new(connect(port).unwrap());
        peer.send(format!("{}\r\n", handshake(port)));
        Self::begin(peer)
    }

    /// One whose handshake is sent.
    pub(super) fn begin(mut peer: Peer) -> Self {
        assert_eq!(peer.line(), "HTTP/1.1 101 Switching Protocols\r");
        let mut fields = Vec::new();
        loop {
            match peer.line().trim_end() {
                "" => break,
                field => fields.push(field.to_lowercase()),
            }
        }
        fields.sort();
        let proof = format!("sec-websocket-accept: {}", PROOF.to_lowercase());
        assert_eq!(fields, ["connection: upgrade", &proof, "upgrade: websocket"]);
        Self { peer, lines: String::new() }
    }

    /// Its own address, as the room shows it.
    pub(super) fn addr(&self) -> String {
        self.peer.addr()
    }

    /// Sends a message.
    pub(super) fn send(&mut self, text: &str) {
        self.peer.send(frame(TEXT, text.as_bytes()));
    }

    /// The next message, or whatever comes before that.
    pub(super) fn next(&mut self) -> Got {
        let mut text = Vec::new();
        loop {
            let head = self.peer.bytes(2);
            let length = match head[1] {
                126 => usize::from(u16::from_be_bytes(self.peer.bytes(2).try_into().unwrap())),
                127 => {
                    let length = u64::from_be_bytes(self.peer.bytes(8).try_into().unwrap());
                    usize::try_from(length).unwrap()
                }
                // A server masks nothing (5.1), so the bit is not set.
                short => usize::from(short).checked_rem(126).filter(|_| short < 126).unwrap(),
            };
            let payload = self.peer.bytes(length);
            match head[0] {
                TEXT if text.is_empty() => return Got::Text(String::from_utf8(payload).unwrap()),
                // A line that is longer than a frame.
                0x01 if text.is_empty() => text = payload,
                0x00 if !text.is_empty() => text.extend(payload),
                0x80 if !text.is_empty() => {
                    text.extend(payload);
                    return Got::Text(String::from_utf8(text).unwrap());
                }
                PONG => return Got::Pong(payload),
                CLOSE => {
                    assert_eq!(self.peer.rest(), "");
                    return Got::Close(u16::from_be_bytes(payload.try_into().unwrap()));
                }
                first => panic!("a frame that begins with {first:#x}"),
            }
        }
    }

    /// The next line, without its newline. Messages are of whole lines, or empty.
    pub(super) fn line(&mut self) -> String {
        while self.lines.is_empty() {
            match self.next() {
                Got::Text(text) => {
                    assert!(text.is_empty() || text.ends_with('\n'), "{text:?}");
                    self.lines = text;
                }
                other => panic!("{other:?}"),
            }
        }
        let (line, rest) = self.lines.split_once('\n').unwrap();
        let line = line.to_owned();
        self.lines = rest.to_owned();
        line
    }

    /// What comes once all lines are taken.
    pub(super) fn end(&mut self) -> Got {
        assert_eq!(self.lines, "");
        self.next()
    }
}
