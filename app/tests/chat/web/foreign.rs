//! Clients of others: curl for the page, and Python's `websockets` for the WebSocket.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::Web;
use crate::clients::installed;
use crate::harness::Program;
use crate::surroundings::leave_out;

#[test]
fn curl() {
    if installed("curl", "curl").is_none() {
        return;
    }
    let web = Web::start(&[]);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/serve/door/web/page");
    for options in [&["--compressed"][..], &[], &["--http1.0"], &["--http2"]] {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail", "--noproxy", "*"]).args(options);
        let output = curl.arg(format!("http://127.0.0.1:{}/", web.port)).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{options:?}");
        assert_eq!(output.stdout, fs::read(folder.join("index.html")).unwrap(), "{options:?}");
    }
}

/// A member by a library that knows nothing of us, and is strict. It prints what it gets, sends what
/// it reads, and says how it was closed.
const MEMBER: &str = "
import asyncio, sys, websockets
async def main():
    async with websockets.connect(sys.argv[1], ping_interval=None,
                                  local_addr=('127.0.0.2', 0)) as socket:
        async def speak():
            reader = asyncio.StreamReader()
            loop = asyncio.get_running_loop()
            await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
            async for line in reader:
                await socket.send(line.decode())
            await (await socket.ping())
            await socket.close(1000)
        speaking = asyncio.create_task(speak())
        async for message in socket:
            print(message, end='', flush=True)
        await speaking
        print('closed', socket.close_code)
asyncio.run(main())
";

#[test]
fn websockets_of_python() {
    let mut trial = Command::new("/usr/bin/python3");
    trial.args(["-c", "import websockets"]).stderr(Stdio::null());
    if !trial.status().is_ok_and(|status| status.success()) {
        return leave_out("websockets is not installed (package python3-websockets)");
    }
    let web = Web::start(&[]);
    let mut ben = web.server.member();
    let mut python = Command::new("/usr/bin/python3");
    python.args(["-c", MEMBER, &format!("ws://127.0.0.1:{}/ws", web.port)]);
    let mut guest = Program::run(&mut python);
    guest.out.wait_for("> Connected to the chat server (2 users online)\n");
    let entered = ben.line();
    let addr = entered.split(' ').nth(3).unwrap().to_owned();
    guest.type_in("안녕하세요?\n");
    assert_eq!(ben.line(), format!("[{addr}] 안녕하세요?"));
    let long = "길다".repeat(600);
    ben.send(format!("네\n{long}\n"));
    guest.out.wait_for(&format!("[{0}] 네\n[{0}] {long}\n", ben.addr()));
    guest.close_input();
    assert!(guest.out.all().ends_with("closed 1000\n"), "{}", guest.out.so_far());
    assert_eq!(guest.status(), 0, "{}", guest.err.so_far());
    assert_eq!(ben.line(), format!("< The user {addr} left (1 user online)"));
}
