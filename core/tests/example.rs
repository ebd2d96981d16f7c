//! The example servers, over real sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

#[allow(dead_code, reason = "its main function is not called")]
#[path = "../examples/echo.rs"]
mod echo;
#[allow(dead_code, reason = "its main function is not called")]
#[path = "../examples/server.rs"]
mod server;

#[test]
fn the_example_server_serves() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap();
    thread::spawn(move || server::serve(listener));
    let connect = || {
        let stream = TcpStream::connect(place).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        BufReader::new(stream)
    };
    let line = |peer: &mut BufReader<TcpStream>| {
        let mut line = String::new();
        peer.read_line(&mut line).unwrap();
        line
    };
    let mut ann = connect();
    assert_eq!(line(&mut ann), "> Connected to the chat server (1 user online)\n");
    let mut ben = connect();
    assert_eq!(line(&mut ben), "> Connected to the chat server (2 users online)\n");
    let addr = ben.get_ref().local_addr().unwrap();
    assert_eq!(line(&mut ann), format!("> New user {addr} entered (2 users online)\n"));
    ben.get_mut().write_all("안녕하세요?\n".as_bytes()).unwrap();
    assert_eq!(line(&mut ann), format!("[{addr}] 안녕하세요?\n"));
    ben.get_mut().write_all("줄 바꿈 없이".as_bytes()).unwrap();
    drop(ben);
    assert_eq!(line(&mut ann), format!("[{addr}] 줄 바꿈 없이\n"));
    assert_eq!(line(&mut ann), format!("< The user {addr} left (1 user online)\n"));
}

/// The examples of RFC 6455: the handshake of section 1.3, a message and a ping of section 5.7.
#[test]
fn the_example_of_websockets_echoes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap();
    thread::spawn(move || echo::serve(listener));
    let mut stream = TcpStream::connect(place).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let request = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
                   Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                   Sec-WebSocket-Version: 13\r\n\r\n";
    let mask = b"\x37\xfa\x21\x3d";
    let hello = b"\x7f\x9f\x4d\x51\x58";
    let frames = [b"\x81\x85", &mask[..], hello, b"\x89\x85", mask, hello, b"\x88\x80", mask];
    stream.write_all(&[request.as_bytes(), &frames.concat()].concat()).unwrap();
    let mut answer = Vec::new();
    // It closes as it is asked to.
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    stream.read_to_end(&mut answer).unwrap();
    let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let expected = [head.as_bytes(), b"\x81\x05Hello\x8a\x05Hello\x88\x02\x03\xe8"].concat();
    assert_eq!(answer.escape_ascii().to_string(), expected.escape_ascii().to_string());
}
