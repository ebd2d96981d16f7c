//! `chat join`: what is typed goes to the room, what the room says is printed.

mod connect;
mod keyboard;
mod session;

use std::time::Duration;

use futures_lite::future::or;
use smol::Timer;

use crate::args::Join;
use crate::failure::Failure;
use crate::listen::Place;
use crate::signals::Interrupts;
use session::Session;

/// How long the output has to take the last lines when the user ends the program.
const FAREWELL: Duration = Duration::from_secs(1);

/// Joins a room until the input, the server or a signal ends it.
pub(crate) fn run(args: &Join) -> Result<(), Failure> {
    smol::block_on(join(args))
}

async fn join(args: &Join) -> Result<(), Failure> {
    let place = Place { host: &args.host, port: args.port };
    let mut interrupts = Interrupts::new()?;

    let connected = async { Some(connect::connect(&place).await) };
    let mut session = match or(connected, interrupted(&mut interrupts)).await {
        Some(socket) => Some(Session::new(socket?, keyboard::read(), args.stay)),
        None => None,
    };
    if let Some(session) = &mut session {
        let ended = async { Some(session.run(&place).await) };
        if let Some(end) = or(ended, interrupted(&mut interrupts)).await {
            return end;
        }
    }

    let farewell = session::say_farewell(session);
    let too_late = async {
        Timer::after(FAREWELL).await;
    };
    or(farewell, or(too_late, interrupts.next())).await;
    Ok(())
}

/// Waits for a request to end; nothing else comes of it.
async fn interrupted<T>(interrupts: &mut Interrupts) -> Option<T> {
    interrupts.next().await;
    None
}
