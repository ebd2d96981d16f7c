//! A connection to one engine, or one sentinel: a question at a time, each with its answer.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::away::Away;
use super::resp::{Decoder, Reply, push_command};
use super::stream::Stream;
use crate::net::Place;
use crate::settings::Engine;

/// How long connecting to an address may take, and an engine to go on answering. Little beside a
/// server's lease, and much beside what anything takes that is asked here.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// How long it may take in all to make a connection encrypted, or to get an answer, however it goes
/// on. More than a server's lease: what takes longer is no engine, or no link to one.
pub(super) const LONGEST: Duration = Duration::from_secs(10);

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;

/// A connection, over which one question is asked at a time.
pub(super) struct Link {
    stream: Stream,
    decoder: Decoder,
    chunk: Box<[u8]>,
    /// How long an answer may take in all.
    longest: Duration,
}

/// Ends two links from another thread.
pub(super) struct Plugs([TcpStream; 2]);

impl Link {
    /// Connects to the first address of a name that answers.
    pub(super) fn open(place: &Place, engine: &Engine) -> Result<Self, Away> {
        let mut failed = Away::new("it has no address");
        for addr in (place.host.as_str(), place.port).to_socket_addrs()? {
            match Self::open_at(addr, place, engine) {
                Ok(link) => return Ok(link),
                Err(away) => failed = away,
            }
        }
        Err(failed)
    }

    /// Connects to an address of `place`.
    pub(super) fn open_at(addr: SocketAddr, place: &Place, engine: &Engine) -> Result<Self, Away> {
        let stream = TcpStream::connect_timeout(&addr, PATIENCE)?;
        // Nobody listens where a socket has connected to itself (RFC 9293, section 3.5).
        if stream.local_addr()? == stream.peer_addr()? {
            return Err(io::Error::from_raw_os_error(Errno::CONNREFUSED.raw_os_error()).into());
        }
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let stream = Stream::over(stream, place, engine)?;
        let chunk = vec![0; CHUNK].into();
        Ok(Self { stream, decoder: Decoder::default(), chunk, longest: LONGEST })
    }

    /// Lets an answer take so much longer, which is asked to be waited for.
    pub(super) fn wait_longer(&mut self, time: Duration) -> io::Result<()> {
        self.stream.socket().set_read_timeout(Some(PATIENCE + time))
    }

    /// The address of the other end.
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.stream.socket().peer_addr()
    }

    /// Sends a command, and waits for the reply; also that may be an error.
    pub(super) fn exchange(&mut self, command: &[u8]) -> Result<Reply, Away> {
        self.stream.end_at(Instant::now() + self.longest);
        self.stream.write_all(command)?;
        self.stream.flush()?;
        loop {
            if let Some(reply) = self.decoder.next().map_err(|_| Away::nonsense())? {
                return Ok(reply);
            }
            match self.stream.read(&mut self.chunk) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Ok(count) => self.decoder.receive(&self.chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Asks what has an answer other than an error.
    pub(super) fn ask(&mut self, parts: &[&[u8]]) -> Result<Reply, Away> {
        match self.exchange(&command(parts))? {
            Reply::Error(error) => Err(Away::said(&error)),
            reply => Ok(reply),
        }
    }

    /// Says who asks, if the engine is to know.
    pub(super) fn log_in(&mut self, engine: &Engine) -> Result<(), Away> {
        let Some(password) = &engine.password else { return Ok(()) };
        let user = engine.user.as_ref().map(|user| user.as_bytes());
        let parts = [Some(b"AUTH".as_slice()), user, Some(password.as_bytes())];
        let parts: Vec<&[u8]> = parts.into_iter().flatten().collect();
        match self.exchange(&command(&parts))? {
            Reply::Error(error) => Err(Away::refused(&error)),
            _ => Ok(()),
        }
    }
}

fn command(parts: &[&[u8]]) -> Vec<u8> {
    let mut command = Vec::new();
    push_command(parts, &mut command);
    command
}

impl Plugs {
    /// Those of two links.
    pub(super) fn of([one, other]: [&Link; 2]) -> io::Result<Self> {
        Ok(Self([one.stream.socket().try_clone()?, other.stream.socket().try_clone()?]))
    }

    /// The links fail at once, and whoever waits for them.
    pub(super) fn pull(&self) {
        for socket in &self.0 {
            // It may have failed already.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::serve::order::shared::testing::LIMIT;

    /// Each byte of it comes in time.
    #[test]
    fn an_answer_that_never_ends_is_none() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let place = Place { host: "127.0.0.1".to_owned(), port };
        let trickling = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let begun = Instant::now();
            while begun.elapsed() < LIMIT && stream.write_all(b"+").is_ok() {
                thread::sleep(Duration::from_millis(10));
            }
        });
        let engine =
            Engine { places: vec![], master: None, user: None, password: None, encryption: None };
        let mut link = Link::open(&place, &engine).unwrap();
        link.longest = Duration::from_millis(100);
        assert_eq!(link.ask(&[b"PING"]), Err(Away::new("no answer in time")));
        drop(link);
        trickling.join().unwrap();
    }
}
