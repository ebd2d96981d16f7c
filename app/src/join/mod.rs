//! `chat join`: what is typed goes to the room, what the room says is printed.

mod connect;
mod keyboard;
mod session;

use chat_core::FAREWELL;
use futures_lite::future::or;

use crate::args::Join;
use crate::descriptors;
use crate::failure::Failure;
use crate::place::Place;
use crate::signals::Interrupts;
use crate::stdio::Printer;
use session::Session;

/// Joins a room until the input, the server or a signal ends it.
pub(crate) fn run(args: &Join) -> Result<(), Failure> {
    descriptors::raise_limit()?;
    smol::block_on(join(args))
}

async fn join(args: &Join) -> Result<(), Failure> {
    let place = Place { host: &args.host, port: args.port };
    let mut interrupts = Interrupts::new()?;
    let mut printer = Printer::start().map_err(Failure::thread)?;

    let connected = async { Some(connect::connect(&place).await) };
    let Some(socket) = or(connected, interrupts.or_none()).await else {
        interrupts.let_finish(async { drop(printer.print(FAREWELL.into()).await) }).await;
        return Ok(());
    };
    let keyboard = keyboard::read().map_err(Failure::thread)?;
    let mut session = Session::new(socket?, keyboard, printer, args.stay);
    let ended = async { Some(session.run(&place).await) };
    if let Some(end) = or(ended, interrupts.or_none()).await {
        return end;
    }
    interrupts.let_finish(session.say_farewell()).await;
    Ok(())
}
