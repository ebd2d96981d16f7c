//! The example server, over real sockets.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

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
