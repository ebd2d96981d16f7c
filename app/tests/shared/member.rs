//! Members of either kind: `chat join`, and one that does all by hand. Both go to the next server when theirs
//! is gone, and say numbered lines.

use std::io::Write;
use std::process::{ChildStdin, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;

use crate::by_hand::ByHand;
use crate::check::line;
use crate::harness::{Program, Signal, executable};

/// Somebody in the room.
pub(crate) struct Member {
    pub(crate) name: String,
    end: End,
    talk: Option<JoinHandle<usize>>,
    /// How many lines it has said since it came.
    pub(crate) said: usize,
}

enum End {
    Program { program: Program, input: Arc<Mutex<ChildStdin>> },
    ByHand(ByHand),
}

impl Member {
    /// Joins by `chat join`.
    pub(crate) fn program(name: &str, ports: &[u16]) -> Self {
        let mut command = Command::new(executable());
        command.args(["join", "--json", "--reconnect", "--stay", "--name", name]);
        let places = ports.iter().map(|port| format!("127.0.0.1:{port}"));
        command.arg(places.collect::<Vec<_>>().join(","));
        let mut program = Program::run(&mut command);
        program.out.wait_for(&format!("\"name\":\"{name}\"}}"));
        let input = Arc::new(Mutex::new(program.take_input()));
        Self { name: name.to_owned(), end: End::Program { program, input }, talk: None, said: 0 }
    }

    pub(crate) fn by_hand(name: &str, ports: &[u16]) -> Self {
        let member = ByHand::join(ports);
        member.say(&format!("/name {name}"));
        let named = format!("> The user {} is now {name}", member.address());
        member.wait_for("it has its name", |line| line == named);
        Self { name: name.to_owned(), end: End::ByHand(member), talk: None, said: 0 }
    }

    /// It says a line now and then, until it is over.
    pub(crate) fn talk(&mut self, pause: Duration, is_over: &Arc<AtomicBool>) {
        if self.talk.is_some() {
            return;
        }
        let (name, first, is_over) = (self.name.clone(), self.said, is_over.clone());
        let mut voice: Box<dyn FnMut(&str) + Send> = match &mut self.end {
            End::Program { input, .. } => {
                let input = input.clone();
                Box::new(move |line| writeln!(input.lock().unwrap(), "{line}").unwrap())
            }
            End::ByHand(member) => Box::new(member.voice()),
        };
        self.talk = Some(thread::spawn(move || {
            let mut said = first;
            // Not all at once.
            thread::sleep(pause.mul_f64(fastrand::f64()));
            while !is_over.load(Ordering::Relaxed) {
                voice(&line(&name, said));
                said += 1;
                thread::sleep(pause);
            }
            said
        }));
    }

    /// Waits until it says nothing more, and the room has heard all that it has said.
    pub(crate) fn is_heard(&mut self) {
        if let Some(talk) = self.talk.take() {
            self.said = talk.join().unwrap();
        }
        let Some(last) = self.said.checked_sub(1) else { return };
        let last = line(&self.name, last);
        match &self.end {
            // Its own lines it prints when the room has heard them.
            End::Program { program, .. } => {
                drop(program.out.wait_for(&format!("\"text\":\"{last}\"}}")))
            }
            End::ByHand(member) => member.is_heard(&last),
        }
    }

    pub(crate) fn say(&mut self, line: &str) {
        match &mut self.end {
            End::Program { input, .. } => writeln!(input.lock().unwrap(), "{line}").unwrap(),
            End::ByHand(member) => member.say(line),
        }
    }

    /// Returns how many of its lines the room has heard.
    pub(crate) fn heard(&self) -> usize {
        match &self.end {
            End::Program { program, .. } => program.out.so_far().matches("\"own\"").count(),
            End::ByHand(member) => member.heard(),
        }
    }

    /// Waits until it has got something in which this stands.
    pub(crate) fn gets(&self, what: &str) {
        match &self.end {
            End::Program { program, .. } => drop(program.out.wait_for(what)),
            End::ByHand(member) => {
                let says = format!("{} gets {what:?}", self.name);
                member.wait_for(&says, |line| line.contains(what));
            }
        }
    }

    /// Returns what it has got so far, as the room says it.
    pub(crate) fn lines(&self) -> Vec<String> {
        match &self.end {
            End::Program { program, .. } => {
                let text = program.out.so_far();
                let whole = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
                whole.filter_map(|line| said_by(&serde_json::from_str(line).unwrap())).collect()
            }
            End::ByHand(member) => member.lines(),
        }
    }

    /// Returns where it has come from.
    pub(crate) fn address(&self) -> String {
        match &self.end {
            End::Program { .. } => {
                let named = format!(" is now {}", self.name);
                let lines = self.lines();
                let line = lines.iter().find_map(|line| line.strip_suffix(&named));
                line.and_then(|line| line.strip_prefix("> The user ")).unwrap().to_owned()
            }
            End::ByHand(member) => member.address(),
        }
    }

    /// Returns how often its connection has ended.
    pub(crate) fn lost(&self) -> usize {
        match &self.end {
            End::Program { program, .. } => {
                program.out.so_far().matches("\"disconnected\"").count()
            }
            End::ByHand(member) => member.lost(),
        }
    }

    /// Goes on by another connection, to the next server, if that is in its own hand.
    pub(crate) fn move_on(&self) {
        if let End::ByHand(member) = &self.end {
            member.move_on();
        }
    }

    /// The same to the server that it is at.
    pub(crate) fn come_again(&self) {
        if let End::ByHand(member) = &self.end {
            member.come_again();
        }
    }

    /// It leaves for good.
    pub(crate) fn leave(&mut self) {
        match &mut self.end {
            End::Program { program, .. } => {
                program.signal(Signal::INT);
                assert_eq!(program.status(), 0, "{}: {}", self.name, program.err.so_far());
            }
            End::ByHand(member) => member.leave(),
        }
    }
}

/// Returns the line of the room that an object stands for; `None` for one that is the program's own.
fn said_by(object: &Value) -> Option<String> {
    let text = |field: &str| object[field].as_str();
    let users = || {
        let count = object["count"].as_u64()?;
        Some(format!("({count} user{} online)", if count < 2 { "" } else { "s" }))
    };
    if object["earlier"] == true {
        return None;
    }
    match text("kind")? {
        "message" => Some(format!("[{}] {}", text("from")?, text("text")?)),
        "private" => Some(format!("[{} -> you] {}", text("from")?, text("text")?)),
        "joined" => Some(format!("> New user {} entered {}", text("from")?, users()?)),
        "left" => Some(format!("< The user {} left {}", text("from")?, users()?)),
        "named" => Some(format!("> The user {} is now {}", text("from")?, text("name")?)),
        "skipped" => Some(format!("> {} messages skipped: ", object["count"])),
        "notice" => text("text").map(str::to_owned),
        _ => None,
    }
}

#[test]
fn objects_are_lines() {
    let line = |object: &str| said_by(&serde_json::from_str(object).unwrap());
    for (object, expected) in [
        (r#"{"kind":"message","from":"지민","text":"안녕"}"#, "[지민] 안녕"),
        (r#"{"kind":"private","from":"지민","text":"안녕"}"#, "[지민 -> you] 안녕"),
        (r#"{"kind":"joined","from":"지민","count":1}"#, "> New user 지민 entered (1 user online)"),
        (r#"{"kind":"left","from":"지민","count":2}"#, "< The user 지민 left (2 users online)"),
        (r#"{"kind":"named","from":"a:1","name":"지민"}"#, "> The user a:1 is now 지민"),
        (r#"{"kind":"notice","text":"> The room goes on"}"#, "> The room goes on"),
    ] {
        assert_eq!(line(object).as_deref(), Some(expected));
    }
    let earlier = r#"{"kind":"message","from":"지민","text":"안녕","earlier":true}"#;
    for object in [r#"{"kind":"own","text":"안녕"}"#, earlier] {
        assert_eq!(line(object), None);
    }
}
