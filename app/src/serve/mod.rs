//! `chat serve`: one thread, one room, a task for each connection.

mod accept;
mod console;
mod peer;
mod server;
mod ticker;
mod wakers;

use std::rc::Rc;

use chat_core::{FAREWELL, Room};
use futures_lite::future::or;
use smol::{Async, LocalExecutor};

use crate::args::Serve;
use crate::descriptors;
use crate::failure::Failure;
use crate::listen::listen;
use crate::place::Place;
use crate::signals::Interrupts;
use crate::stdio::Printer;
use server::Server;

/// Serves a room until a signal ends it.
pub(crate) fn run(args: &Serve) -> Result<(), Failure> {
    let room = Room::new(args.limits()?);
    descriptors::raise_limit()?;
    let executor = Rc::new(LocalExecutor::new());
    smol::block_on(executor.run(serve(args, room, executor.clone())))
}

async fn serve(
    args: &Serve,
    mut room: Room,
    executor: Rc<LocalExecutor<'static>>,
) -> Result<(), Failure> {
    let mut interrupts = Interrupts::new()?;
    let mut printer = Printer::start().map_err(Failure::thread)?;
    let place = Place { host: &args.host, port: args.port };
    let listening = async { Some(listen(&place).await) };
    let Some(listening) = or(listening, interrupts.or_none()).await else {
        // Finding out what a name means can take long.
        interrupts.let_finish(async { drop(printer.print(FAREWELL).await) }).await;
        return Ok(());
    };
    let (listeners, port) = listening?;
    room.open(port);

    let server = Rc::new(Server::new(room, executor.clone()));
    let mut accepting = Vec::new();
    for listener in listeners {
        let listener = Async::new(listener)
            .map_err(|error| Failure::new(format!("cannot listen on {place}"), &error))?;
        accepting.push(executor.spawn(accept::accept(server.clone(), listener)));
    }
    executor.spawn(ticker::run(server.clone())).detach();
    let console = executor.spawn(console::run(server.clone(), printer, args.quiet));

    // In a task of its own: this one is polled at each turn of the executor, and would look for
    // signals each time.
    let interrupted = executor.spawn(async move {
        interrupts.next().await;
        interrupts
    });
    let mut interrupts = interrupted.await;
    drop(accepting);
    server.stop();
    let farewell = async {
        server.emptied().await;
        console.await;
    };
    interrupts.let_finish(farewell).await;
    Ok(())
}
