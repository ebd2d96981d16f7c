//! `chat serve`: one thread, one room, a task for each connection, and one loop that hands out.

mod accept;
mod console;
mod peer;
mod round;
mod server;
mod ticker;
mod wakers;

use std::rc::Rc;

use chat_core::{FAREWELL, Room};
use futures_lite::future::or;
use mio::net::TcpListener;
use smol::LocalExecutor;

use crate::failure::{Failure, complain};
use crate::net::{Listening, Reactor, Socket, listen};
use crate::settings::Serve;
use crate::system;
use crate::system::Interrupts;
use crate::system::Printer;
use round::Round;
use server::Server;

/// Serves a room until a signal ends it.
pub(crate) fn run(settings: &Serve) -> Result<(), Failure> {
    let room = Room::new(settings.limits.clone());
    system::raise_descriptor_limit().map_err(Failure::descriptors)?;
    // Before there are threads.
    system::reserve_descriptors();
    let executor = Rc::new(LocalExecutor::new());
    let reactor = Rc::new(Reactor::new().map_err(Failure::reactor)?);
    let serving = serve(settings, room, reactor.clone(), executor.clone());
    reactor.run(executor.run(serving)).map_err(Failure::reactor)?
}

async fn serve(
    settings: &Serve,
    mut room: Room,
    reactor: Rc<Reactor>,
    executor: Rc<LocalExecutor<'static>>,
) -> Result<(), Failure> {
    let mut interrupts = Interrupts::new().map_err(Failure::signals)?;
    let mut printer = Printer::start().map_err(Failure::thread)?;
    let place = &settings.place;
    let listening = async { Some(listen(place).await) };
    let Some(listening) = or(listening, interrupts.interrupted()).await else {
        // Finding out what a name means can take long.
        interrupts.finish_within_patience(async { drop(printer.print(FAREWELL).await) }).await;
        return Ok(());
    };
    let Listening { listeners, port, refused } = listening?;
    complain(refused);
    room.open(port);

    let server = Rc::new(Server::new(room, reactor.clone(), executor.clone()));
    let failed = |error| Failure::new(format!("cannot listen on {place}"), &error);
    let wait_for = |listener: std::net::TcpListener| {
        listener.set_nonblocking(true)?;
        Socket::new(&reactor, TcpListener::from_std(listener))
    };
    let listeners: Result<_, _> = listeners.into_iter().map(wait_for).collect();
    let listeners = listeners.map_err(failed)?;
    executor.spawn(ticker::run(server.clone())).detach();
    let console = executor.spawn(console::run(server.clone(), printer, settings.is_quiet));

    // In a task of its own: this one is polled at each turn of the executor, and would look for
    // signals each time.
    let interrupted = executor.spawn(async move {
        interrupts.next().await;
        interrupts
    });
    let serving = async {
        let accepting = async { match accept::run(&server, listeners).await {} };
        let mut interrupts = or(interrupted, accepting).await;
        server.stop();
        let farewell = async {
            server.emptied().await;
            console.await;
        };
        interrupts.finish_within_patience(farewell).await;
    };
    // These two belong here, as each of their turns is followed by one of the reactor, and by some
    // of the tasks'.
    or(serving, async { match Round::run(&server).await {} }).await;
    Ok(())
}
