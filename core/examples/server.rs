//! A whole chat server on plain std: `cargo run --package chat-core --example server -- 127.0.0.1:3333`

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant as Clock};
use std::{env, thread};

use chat_core::{Delivered, Event, Instant, Limits, MemberId, Server, Start, Wire};

fn main() -> io::Result<()> {
    let place = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3333".to_owned());
    serve(TcpListener::bind(place)?)
}

/// Looks at everything again and again. A real shell waits for what is ready, and does the same.
pub(crate) fn serve(listener: TcpListener) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let clock = Clock::now();
    let mut server = Server::new(Limits::default());
    let console = server.observe(Start::Now);
    server.open(console, listener.local_addr()?.port());
    let mut peers: BTreeMap<MemberId, TcpStream> = BTreeMap::new();
    let mut tick_at = None;
    loop {
        let now = Instant::from_micros(clock.elapsed().as_micros() as u64);
        while server.takes_newcomers() {
            let Ok((mut stream, origin)) = listener.accept() else { break };
            stream.set_nonblocking(true)?;
            match server.connect(now, origin, Wire::Lines) {
                Ok(id) => drop(peers.insert(id, stream)),
                // Whether it can be told makes no difference to the room.
                Err(full) => drop(stream.write_all(full.to_string().as_bytes())),
            }
        }
        for (&id, stream) in &mut peers {
            let mut buffer = [0; 4096];
            let budget = server.budget(now, id).min(buffer.len());
            match stream.read(&mut buffer[..budget]) {
                // Nothing was to be read, or it has left before.
                Ok(0) if budget == 0 => {}
                Ok(0) => server.end_of_input(now, id),
                Ok(count) => server.receive(now, id, &buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => server.quiet(now, id),
                Err(_) => server.disconnect(now, id),
            }
        }
        if tick_at.is_some_and(|at| at <= now) {
            tick_at = None;
            server.tick(now);
        }
        while let Some(event) = server.poll() {
            // The others say what is to be looked at, and here everything is.
            if let Event::TickAt(at) = event {
                tick_at = Some(at);
            }
        }
        peers.retain(|&id, stream| {
            let send = |slices: &[&[u8]]| stream.write(slices[0]);
            let is_open = match server.deliver(id, send) {
                Ok(delivered) => delivered != Delivered::Finished,
                Err(error) => error.kind() == ErrorKind::WouldBlock,
            };
            if !is_open {
                server.disconnect(now, id);
            }
            is_open
        });
        server.deliver(console, |slices| io::stdout().write(slices[0]))?;
        thread::sleep(Duration::from_millis(1));
    }
}
