//! `chat serve`: one thread, one room, a task for each connection.

mod accept;
mod console;
mod descriptors;
mod peer;
mod server;
mod ticker;
mod wakers;

use std::rc::Rc;
use std::time::Duration;

use chat_core::Room;
use futures_lite::{FutureExt, future};
use smol::{Async, LocalExecutor, Timer};

use crate::args::Serve;
use crate::failure::Failure;
use crate::listen::{Place, listen};
use crate::signals::Interrupts;
use server::Server;

/// How long members and the console have to take what is already said when the server ends.
const FAREWELL: Duration = Duration::from_secs(1);

/// Serves a room until a signal ends it.
pub(crate) fn run(args: &Serve) -> Result<(), Failure> {
    let place = Place { host: &args.host, port: args.port };
    let mut room = Room::new(args.limits()?);
    descriptors::raise_limit();
    let mut interrupts = Interrupts::new()?;
    let (listeners, port) = listen(&place)?;
    room.open(port);

    let executor = Rc::new(LocalExecutor::new());
    let server = Rc::new(Server::new(room, executor.clone()));
    let mut accepting = Vec::new();
    for listener in listeners {
        let listener = Async::new(listener)
            .map_err(|error| Failure::new(format!("cannot listen on {place}"), &error))?;
        accepting.push(executor.spawn(accept::accept(server.clone(), listener)));
    }
    executor.spawn(ticker::run(server.clone())).detach();
    let console = executor.spawn(console::run(server.clone(), args.quiet));

    smol::block_on(executor.run(async {
        interrupts.next().await;
        drop(accepting);
        server.stop();
        let farewell = async {
            server.emptied().await;
            console.await;
        };
        let too_late = async {
            Timer::after(FAREWELL).await;
        };
        future::or(farewell, too_late.or(interrupts.next())).await;
    }));
    Ok(())
}
