//! `cargo xtask cut-link`: a peer behind a link that is cut. An ordinary test cannot have one: it
//! takes two network namespaces, and root to create them.

use std::error::Error;
use std::io::Write;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use argh::FromArgs;
use tempfile::TempDir;

use crate::build::chat;
use crate::namespaces::{
    Namespaces, command_inside, connect, inside, ip, printed, set_up, wait_for,
};
use crate::program::Running;
use crate::shell::{Outcome, Tried, say, spawn};

/// Cut the link between servers and their members and check that both sides notice in time, and
/// that a member that reads nothing is removed too. Needs root and iproute2.
#[derive(FromArgs)]
#[argh(subcommand, name = "cut-link")]
pub(crate) struct CutLink {}

/// How long a side may take to notice that the link is cut.
const CUT: Duration = Duration::from_secs(75);

/// How long a member that reads nothing may stay: 35 seconds plus the time between two attempts.
const DEAF: Duration = Duration::from_secs(50);

const SERVER: &str = "chat-cut-a";
const CLIENT: &str = "chat-cut-b";
const SERVER_ADDRESS: &str = "10.213.97.1";
const CLIENT_ADDRESS: &str = "10.213.97.2";

/// Ports of a room in which nobody talks and of one in which somebody does.
const STILL: &str = "3333";
const LOUD: &str = "3334";

/// Lines of a flood: more than all buffers between the server and a peer that reads nothing hold.
const FLOOD: usize = 300_000;

impl CutLink {
    pub(crate) fn run(&self) -> Outcome<()> {
        chat()?;
        let folder = TempDir::with_prefix("chat-cut-")?;
        let _link = link()?;
        let [still, loud, talks, listens, speaks] =
            ["still", "loud", "talks", "listens", "speaks"].map(|name| folder.path().join(name));
        let serve = |port, console| inside(SERVER, &["serve", SERVER_ADDRESS, port], console);
        let join = |from, port, prints| {
            let client = inside(from, &["join", SERVER_ADDRESS, port], prints)?;
            wait_for(prints, "> Connected to the chat server")?;
            Ok::<_, Box<dyn Error>>(client)
        };
        let _still = serve(STILL, &still)?;
        let _loud = serve(LOUD, &loud)?;
        wait_for(&still, "started on port")?;
        wait_for(&loud, "started on port")?;
        let mut talker = join(CLIENT, STILL, &talks)?;
        let _listener = join(CLIENT, LOUD, &listens)?;
        // It joins beside the server, so that the cut link cannot be why it is removed. Nobody
        // reads what it prints.
        let mut command = command_inside(SERVER, &["join", SERVER_ADDRESS, LOUD])?;
        let deaf = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let _deaf = Running(spawn(deaf)?);
        wait_for(&loud, "(2 users online)")?;
        let mut speaker = join(SERVER, LOUD, &speaks)?;
        let said = say_in(&mut speaker, &format!("{}\n", "도배 ".repeat(16)).repeat(FLOOD));
        said.and_then(|()| say_in(&mut speaker, "이제\n"))?;
        wait_for(&loud, "] 이제")?;

        ip(&["-n", SERVER, "link", "set", "va", "down"])?;
        let cut = Instant::now();
        say_in(&mut talker, "들려요?\n")?;
        let left = |address: &str| format!("< The user {address}:");
        let mut awaited = vec![
            (CUT, "a server with nothing to send", &still, left(CLIENT_ADDRESS)),
            (CUT, "a server with something to send", &loud, left(CLIENT_ADDRESS)),
            (DEAF, "a server, of a member that takes nothing", &loud, left(SERVER_ADDRESS)),
            (CUT, "a client with something to send", &talks, "ended: ".to_owned()),
            (CUT, "a client with nothing to send", &listens, "ended: ".to_owned()),
        ];
        while !awaited.is_empty() {
            if let Some((limit, who, ..)) =
                awaited.iter().find(|(limit, ..)| cut.elapsed() > *limit)
            {
                return Err(format!("Not noticed in {} s: {who}", limit.as_secs()).into());
            }
            say_in(&mut speaker, "들려요?\n")?;
            thread::sleep(Duration::from_millis(500));
            let mut noticed = Vec::new();
            awaited.retain(|(_, who, file, text)| {
                let has_noticed = printed(file).is_ok_and(|printed| printed.contains(text));
                noticed.extend(has_noticed.then_some(*who));
                !has_noticed
            });
            for who in noticed {
                say(&format!("Noticed after {} s: {who}.", cut.elapsed().as_secs()));
            }
        }
        Ok(())
    }
}

/// Makes two namespaces, and the link between them.
fn link() -> Outcome<Namespaces> {
    let namespaces = Namespaces::new([SERVER, CLIENT])?;
    connect([SERVER, "va"], [CLIENT, "vb"])?;
    set_up(SERVER, "va", SERVER_ADDRESS)?;
    set_up(CLIENT, "vb", CLIENT_ADDRESS)?;
    Ok(namespaces)
}

fn say_in(client: &mut Running, text: &str) -> Outcome<()> {
    let input = client.0.stdin.as_mut().ok_or("a client without an input")?;
    input.write_all(text.as_bytes()).tried("typing into a client")
}
