//! One request, one answer.

use std::io::{self, Read, Write};

use futures_lite::future::yield_now;
use mio::net::TcpStream;

use super::answer::Answer;
use super::hosts::Hosts;
use super::request::Head;
use crate::net::Socket;
use crate::serve::door::parting::part;
use crate::serve::hub::Hub;

/// What has come of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is a WebSocket's. Nothing of that is read yet.
    Upgraded,
    Over,
}

/// Returns the answer to what a server that is one of `hosts` is asked for; `None` if it is asked
/// nothing.
///
/// # Errors
///
/// The connection's.
pub(super) async fn listen(
    hub: &Hub,
    socket: &Socket<TcpStream>,
    hosts: &Hosts,
) -> io::Result<Option<Answer>> {
    let mut head = Head::default();
    loop {
        socket.readable().await;
        match take(hub, socket, hosts, &mut head) {
            Ok(Heard::Part) => {}
            Ok(Heard::All(answer)) => return Ok(Some(answer)),
            Ok(Heard::End) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => socket.clear_readable(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        // Others get to run in between.
        yield_now().await;
    }
}

/// Sends an answer.
///
/// # Errors
///
/// The connection's.
pub(super) async fn reply(
    hub: &Hub,
    socket: &Socket<TcpStream>,
    answer: Answer,
) -> io::Result<Outcome> {
    send(socket, answer.head.as_bytes()).await?;
    send(socket, answer.body).await?;
    if answer.upgrades {
        return Ok(Outcome::Upgraded);
    }
    part(hub, socket, || Ok(true)).await;
    Ok(Outcome::Over)
}

/// What has been heard of a request.
enum Heard {
    Part,
    All(Answer),
    /// There is no more.
    End,
}

/// Takes what has arrived of a head, and not a byte of what is behind it, which is the WebSocket's.
fn take(
    hub: &Hub,
    socket: &Socket<TcpStream>,
    hosts: &Hosts,
    head: &mut Head,
) -> io::Result<Heard> {
    let mut buffer = hub.buffer();
    let mut stream = socket.get_ref();
    let most = buffer.len().min(head.space());
    let count = stream.peek(&mut buffer[..most])?;
    if count == 0 {
        return Ok(Heard::End);
    }
    let (length, heard) = match head.take(&buffer[..count], |request| Answer::to(request, hosts)) {
        Ok(None) => (count, Heard::Part),
        Ok(Some((length, answer))) => (length, Heard::All(answer)),
        Err(wrong) => (count, Heard::All(Answer::to_wrong(wrong))),
    };
    // It is there already.
    stream.read_exact(&mut buffer[..length])?;
    Ok(heard)
}

async fn send(socket: &Socket<TcpStream>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match socket.get_ref().write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                socket.clear_writable();
                socket.writable().await;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
