//! The original program at the other end: it sends no terminators, and takes whatever one read
//! returns for one message.

use std::net::TcpListener;

use crate::harness::{Peer, Program, Server};

#[test]
fn an_original_client_in_our_room() {
    let server = Server::start(&[]);
    let mut original = server.peer();
    assert_eq!(original.read(), b"> Connected to the chat server (1 user online)\n");
    original.send("안녕하세요?");
    server.says(&format!("[{}] 안녕하세요?\n", original.addr()));

    // It prints each read and a newline, so there must be none at the end of a read.
    let mut ours = server.member();
    let read = String::from_utf8(original.read()).unwrap();
    assert_eq!(read, format!("> New user {} entered (2 users online)", ours.addr()));
    for text in ["네", "ㅋㅋ"] {
        ours.send(format!("{text}\n"));
        let read = String::from_utf8(original.read()).unwrap();
        assert_eq!(read, format!("[{}] {text}", ours.addr()));
    }
    original.send("하나");
    assert_eq!(ours.line(), format!("[{}] 하나", original.addr()));
    original.send("둘");
    assert_eq!(ours.line(), format!("[{}] 둘", original.addr()));
}

#[test]
fn our_client_in_an_original_room() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut ours = Program::join(listener.local_addr().unwrap().port(), &[]);
    ours.type_in("하나\n\n");
    let mut original = Peer::new(listener.accept().unwrap().0);
    original.send("> Connected to the chat server (1 user online)");
    ours.out.wait_for("> Connected to the chat server (1 user online)\n");
    assert_eq!(original.read(), "하나".as_bytes());
    ours.type_in("둘\n");
    assert_eq!(original.read(), "둘".as_bytes());
    original.send("[127.0.0.1:1] 셋");
    ours.out.wait_for("[127.0.0.1:1] 셋\n");
    ours.close_input();
    assert_eq!(original.read(), b"", "the end of input closes the sending side");
    drop(original);
    assert_eq!(ours.status(), 0);
    assert_eq!(
        ours.out.all(),
        "> Connected to the chat server (1 user online)\n\
         [You] 하나\n\
         [You] \n\
         [You] 둘\n\
         [127.0.0.1:1] 셋\n"
    );
}

#[test]
fn a_server_that_does_not_greet_is_spoken_to_after_a_second() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut ours = Program::join(listener.local_addr().unwrap().port(), &[]);
    ours.type_in("거기 누구 있어요?\n");
    let mut silent = Peer::new(listener.accept().unwrap().0);
    assert_eq!(silent.line(), "거기 누구 있어요?");
    ours.out.wait_for("[You] 거기 누구 있어요?\n");
}
