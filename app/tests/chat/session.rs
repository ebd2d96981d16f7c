//! The session that the program exists for, compared whole.

use crate::harness::{Program, Server, Signal};

#[test]
fn one_session_through_pipes() {
    let mut server = Server::start(&[]);
    let port = server.port;
    let mut ann = Program::join(port, &[]);
    let greeting = server.says("(1 user online)\n");
    let ann_addr = address_of_newcomer(&greeting);
    ann.out.wait_for("(1 user online)\n");
    let mut ben = Program::join(port, &[]);
    let ben_addr = address_of_newcomer(&server.says("(2 users online)\n"));
    ann.out.wait_for("(2 users online)\n");

    ann.type_in("안녕하세요?\n");
    ben.out.wait_for("안녕하세요?\n");
    ben.type_in("네 안녕하세요ㅋㅋ\n\n");
    ann.out.wait_for("ㅋㅋ\n");
    ben.out.wait_for("[You] \n");
    ben.signal(Signal::INT);
    assert_eq!(ben.status(), 0);
    ann.out.wait_for("left");
    ann.signal(Signal::INT);
    assert_eq!(ann.status(), 0);
    server.says("(0 user online)\n");
    server.program.signal(Signal::INT);
    assert_eq!(server.program.status(), 0);

    assert_eq!(
        server.program.out.all(),
        format!(
            "Chat Server started on port {port}.\n\
             > New user {ann_addr} entered (1 user online)\n\
             > New user {ben_addr} entered (2 users online)\n\
             [{ann_addr}] 안녕하세요?\n\
             [{ben_addr}] 네 안녕하세요ㅋㅋ\n\
             < The user {ben_addr} left (1 user online)\n\
             < The user {ann_addr} left (0 user online)\n\
             \n\
             exit\n"
        )
    );
    assert_eq!(
        ann.out.all(),
        format!(
            "> Connected to the chat server (1 user online)\n\
             > New user {ben_addr} entered (2 users online)\n\
             [You] 안녕하세요?\n\
             [{ben_addr}] 네 안녕하세요ㅋㅋ\n\
             < The user {ben_addr} left (1 user online)\n\
             \n\
             exit\n"
        )
    );
    assert_eq!(
        ben.out.all(),
        format!(
            "> Connected to the chat server (2 users online)\n\
             [{ann_addr}] 안녕하세요?\n\
             [You] 네 안녕하세요ㅋㅋ\n\
             [You] \n\
             \n\
             exit\n"
        )
    );
    for program in [&server.program, &ann, &ben] {
        assert_eq!(program.err.all(), "");
    }
}

fn address_of_newcomer(console: &str) -> String {
    let line = console.lines().rfind(|line| line.starts_with("> New user ")).unwrap();
    line.split(' ').nth(3).unwrap().to_owned()
}

#[test]
fn any_line_client_is_a_member() {
    let server = Server::start(&[]);
    let mut telnet = server.member();
    let mut nc = server.member();
    telnet.line();
    telnet.send("안녕\r\n");
    assert_eq!(nc.line(), format!("[{}] 안녕", telnet.addr()));
    nc.send("반가워\n");
    assert_eq!(telnet.line(), format!("[{}] 반가워", nc.addr()));
}
