//! Members that all come back at once, beside as many that join.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Instant;

use super::server::Server;
use super::table::{Figure, Measured};
use super::wire::Kind;
use crate::program::{LIMIT, connect};
use crate::shell::Outcome;

/// The members.
pub(crate) const MEMBERS: usize = 1_000;

/// What is said last: whoever has got it has got everything.
const LAST: &str = "#the last word\n";

/// What asks a server for a session: see the core's protocol.
const ASKS: &[u8] = b"\n\r\n";

/// How members come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coming {
    Back,
    Anew,
}

impl Coming {
    pub(crate) const ALL: [Self; 2] = [Self::Back, Self::Anew];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Back => "coming back",
            Self::Anew => "joining",
        }
    }

    /// Measures from the first connection until all have got everything.
    pub(crate) fn measure(self) -> Outcome<Measured> {
        let server = Server::start(Kind::Chat)?.ok_or("it is gone")?;
        // Their connections stay open for the server, as if the link to them were cut.
        let (_cut, sessions) = match self {
            Self::Back => join_all(server.port)?,
            Self::Anew => (Vec::new(), vec![None; MEMBERS]),
        };
        let began = Instant::now();
        let mut members = Vec::new();
        for session in sessions {
            let mut stream = connect(server.port)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(LIMIT))?;
            if let Some(Session { key, lines }) = session {
                stream.write_all(format!("/resume {key} {lines}\n").as_bytes())?;
            }
            members.push(stream);
        }
        let speaker = members.last_mut().ok_or("nobody is there")?;
        read_until(speaker, b"> ")?;
        speaker.write_all(LAST.as_bytes())?;
        let (speaker, others) = members.split_last_mut().ok_or("nobody is there")?;
        for member in others {
            read_until(member, LAST.as_bytes())?;
        }
        let seconds = began.elapsed().as_secs_f64();
        let _ = speaker.shutdown(Shutdown::Both);
        let figures = vec![Figure::less("until all have got everything", "s", seconds)];
        Ok(Measured { figures, ..Measured::default() })
    }
}

/// By what a member comes back.
#[derive(Clone)]
struct Session {
    key: String,
    lines: usize,
}

/// Has as many join, each with a session.
fn join_all(port: u16) -> Outcome<(Vec<TcpStream>, Vec<Option<Session>>)> {
    let mut members = Vec::new();
    for _ in 0..MEMBERS {
        let mut stream = connect(port)?;
        stream.set_read_timeout(Some(LIMIT))?;
        let mut reader = BufReader::new(stream.try_clone()?);
        // At once, so that the server does not wait for it.
        stream.write_all(ASKS)?;
        let mut line = String::new();
        while !line.starts_with("> /session ") {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Err("no session is given".into());
            }
        }
        let key = line.split(' ').nth(2).unwrap_or_default().to_owned();
        members.push((reader, key));
    }
    let mut cut = Vec::new();
    let mut sessions = Vec::new();
    for (index, (mut reader, key)) in members.into_iter().enumerate() {
        // Who joined later.
        for _ in index + 1..MEMBERS {
            reader.skip_until(b'\n')?;
        }
        sessions.push(Some(Session { key, lines: MEMBERS - index - 1 }));
        cut.push(reader.into_inner());
    }
    Ok((cut, sessions))
}

/// Reads until so many bytes have come in a row.
fn read_until(stream: &mut TcpStream, end: &[u8]) -> Outcome<()> {
    let mut got = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
    while memchr::memmem::find(&got, end).is_none() {
        let from = got.len().saturating_sub(end.len());
        got.drain(..from);
        match stream.read(&mut chunk)? {
            0 => return Err("a connection was closed".into()),
            count => got.extend_from_slice(&chunk[..count]),
        }
    }
    Ok(())
}
