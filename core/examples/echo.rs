//! A WebSocket server on plain std that says what it hears, for conformance suites:
//! `cargo run --release --package chat-core --example echo -- 127.0.0.1:9001`
//!
//! With Autobahn's, which needs Python 2.7: `wstest --mode fuzzingclient --spec echo.json`, where
//! echo.json is
//! `{"servers": [{"agent": "chat", "url": "ws://127.0.0.1:9001"}], "cases": ["*"],
//! "exclude-cases": ["12.*", "13.*"]}`: these two are about compression, which is not offered.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::{env, thread};

use chat_core::{Frame, FrameReader, FrameWriter};
use data_encoding::BASE64;
use sha1_smol::Sha1;

fn main() -> io::Result<()> {
    let place = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    serve(TcpListener::bind(place)?)
}

pub(crate) fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept()?;
        // How one connection ends is nothing to the others.
        thread::spawn(move || drop(echo(stream)));
    }
}

fn echo(mut stream: TcpStream) -> io::Result<()> {
    shake_hands(&mut stream)?;
    let (mut reader, mut writer) = (FrameReader::default(), FrameWriter::default());
    let (mut buffer, mut message) = (vec![0; 64 * 1024], Vec::new());
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        let (mut at, mut is_over) = (0, false);
        while !is_over {
            match reader.read(&mut buffer[at..count]) {
                Ok(None) => break,
                Ok(Some((read, frame))) => {
                    at += read;
                    match frame {
                        Frame::Text { bytes, is_end, .. } | Frame::Binary { bytes, is_end } => {
                            message.extend_from_slice(bytes);
                            if is_end {
                                let opcode = u8::from(matches!(frame, Frame::Binary { .. })) + 1;
                                stream.write_all(&head(opcode, message.len()))?;
                                stream.write_all(&message)?;
                                message.clear();
                            }
                        }
                        Frame::Ping(payload) => writer.pong(payload),
                        Frame::Pong => {}
                        Frame::Close(code) => {
                            writer.close(code);
                            is_over = true;
                        }
                    }
                }
                Err(code) => {
                    writer.close(code);
                    is_over = true;
                }
            }
            while !writer.is_clean() {
                writer.write(&[], |parts| stream.write(parts[0]))?;
            }
        }
        if is_over {
            // What is not read would reset the connection, and the close frame be lost.
            stream.shutdown(Shutdown::Write)?;
            return io::copy(&mut stream, &mut io::sink()).map(drop);
        }
    }
}

/// The server's side of the handshake (RFC 6455, section 4.2), for a client that is trusted.
fn shake_hands(stream: &mut TcpStream) -> io::Result<()> {
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        request.extend(byte);
    }
    let request = String::from_utf8_lossy(&request);
    let mut fields = request.lines().filter_map(|line| line.split_once(": "));
    let key = fields.find(|(name, _)| name.eq_ignore_ascii_case("Sec-WebSocket-Key"));
    let (_, key) = key.ok_or(ErrorKind::InvalidData)?;
    let answer = Sha1::from(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11")).digest().bytes();
    write!(
        stream,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n\r\n",
        BASE64.encode(&answer)
    )
}

/// The head of a message in one frame: what is heard may be no lines, so that the writer has none
/// for it.
fn head(opcode: u8, length: usize) -> Vec<u8> {
    let first = 0x80 | opcode;
    match length {
        0..126 => vec![first, length as u8],
        126..0x1_0000 => [&[first, 126], &(length as u16).to_be_bytes()[..]].concat(),
        _ => [&[first, 127], &(length as u64).to_be_bytes()[..]].concat(),
    }
}
