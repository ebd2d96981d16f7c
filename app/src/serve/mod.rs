//! `chat serve`: one thread, one room, a task for each connection, and one loop that delivers.
//!
//! | module | noun |
//! |---|---|
//! | `hub` | the core's server, and who is to be woken when it has something to do |
//! | `order` | who decides the sequence of what happens in the room |
//! | `door` | the ways into the room |
//! | `entrances`, `invitation` | what it listens on, and how others are told |
//! | `round`, `participant` | the loop that delivers, and whom it delivers to |
//! | `transcript` | what the console shows: a reader of the log |
//! | `console`, `host` | who shows it: standard output, or a terminal with somebody at it |
//! | `record` | who keeps it: a file |
//! | `requests` | what asks the server to end, or to open that file anew |
//! | `ticker` | the core's timer |
//! | `trouble` | what cannot be done for now |
//! | `wakers` | tasks that wait for the same thing |
//!
//! A member's task reads from its socket into the core; what is said then waits in the room's log.
//! After each call the hub asks the core what is to be done next. If the log has grown it wakes the
//! round, which hands each member what it has pending, straight from the log to its socket. A
//! member whose socket is full leaves the round, and its task delivers until it has caught up.
//!
//! Doors and orders know the hub, as the round does. The hub knows none of them, and a member only
//! as a participant. They are wired together here.

mod console;
mod door;
mod entrances;
mod host;
mod hub;
mod invitation;
mod order;
mod participant;
mod record;
mod requests;
mod round;
mod ticker;
mod transcript;
mod trouble;
mod wakers;

use std::io;
use std::rc::Rc;
use std::time::Duration;

use chat_core::{FAREWELL, Server};
use futures_lite::FutureExt;
use futures_lite::future::{BoxedLocal, or, zip};
use smol::channel::{Sender, bounded};
use smol::{LocalExecutor, Task};

use crate::clock::{WallClock, within};
use crate::failure::{Failure, complain};
use crate::net::Reactor;
use crate::settings::Serve;
use crate::system::{self, Interrupts, Printer};
use console::Console;
use entrances::Entrances;
use host::Host;
use hub::Hub;
use invitation::{WaysIn, screen};
use order::{Order, Ordering};
use record::{Opened, Record, Replay};
use requests::Requests;
use round::Round;
use transcript::Transcript;

/// Requests of a host to end that are kept while none is heeded: the second one hurries.
const MOST_ENDS: usize = 2;

/// How long a host's terminal may take to have its draft taken away when the user hurries: more
/// than one takes that is not stopped.
const LAST_FRAME: Duration = Duration::from_millis(100);

/// How much of the user's patience the order may take. The rest is for telling everybody that the
/// server ends.
const ORDERS_SHARE: Duration = Duration::from_millis(750);

/// Serves a room until a signal or its host ends it.
pub(crate) fn run(mut settings: Serve) -> Result<(), Failure> {
    complain(settings.complaint.take());
    system::raise_descriptor_limit().map_err(Failure::descriptors)?;
    // Before there are threads.
    system::reserve_descriptors();
    let executor = Rc::new(LocalExecutor::new());
    let reactor = Rc::new(Reactor::new().map_err(Failure::reactor)?);
    let serving = serve(&settings, reactor.clone(), executor.clone());
    reactor.run(executor.run(serving)).map_err(Failure::reactor)?
}

async fn serve(
    settings: &Serve,
    reactor: Rc<Reactor>,
    executor: Rc<LocalExecutor<'static>>,
) -> Result<(), Failure> {
    let mut interrupts = interrupts(settings).map_err(Failure::signals)?;
    let mut printer = Printer::start().map_err(Failure::thread)?;
    let opening = async { Some(open(settings, &reactor).await) };
    let Some(opened) = or(opening, interrupts.interrupted()).await else {
        // A disk may be slow, and resolving a name can take long.
        say_farewell(settings, &mut interrupts, &mut printer).await;
        return Ok(());
    };
    let (opened, server, order, Entrances { port, by_lines, by_web, ways_in }) = opened?;

    let hub = hub_of(settings, server, &order, executor.clone());
    let round = Rc::new(Round::new(hub.clone()));
    hub.spawn(ticker::run(hub.clone()));
    let (end, ends) = bounded(MOST_ENDS);
    // Before anything is replayed.
    let replays = opened.is_some() && settings.is_shared();
    let replay = replays.then(|| Replay::begin(&hub));
    let mut ordering = order.take_part(&hub, end.clone());
    let begun = or(async { Some(ordering.begun().await) }, interrupts.interrupted()).await;
    if begun != Some(true) {
        hub.stop();
        let ended = interrupts.finish_within_patience(ordering.finished()).await;
        if begun.is_none() {
            say_farewell(settings, &mut interrupts, &mut printer).await;
        }
        return ended.unwrap_or(Ok(()));
    }
    let record = match (opened, &settings.record) {
        (Some(opened), Some(record)) => {
            Some(Record::begin(&hub, opened, replay, record.sync, port)?)
        }
        _ => None,
    };
    let transcript = Transcript::begin(hub.clone(), port);
    let console = open_console(settings, transcript, printer, ways_in, end)?;
    let console = executor.spawn(console);

    // In a task of its own: this one is polled whenever the executor runs, and would look for
    // signals each time.
    let mut requests = Requests::new(interrupts, ends, record.as_ref().map(Record::requests));
    let requested = executor.spawn(async move {
        requests.next().await;
        requests
    });
    let serving = async {
        let letting_in =
            async { match door::open(&hub, &round, &reactor, by_lines, by_web).await {} };
        let mut requests = or(requested, letting_in).await;
        hub.stop();
        finish(settings, &hub, &mut requests, console, record, ordering).await
    };
    // Polled by the reactor directly, so that each poll is followed by a wait for sockets, and by
    // some of the tasks.
    or(serving, async { match round.run().await {} }).await
}

/// What ends the program.
fn interrupts(settings: &Serve) -> io::Result<Interrupts> {
    // A host's terminal must be given back, whatever it is.
    match settings.seat.is_some() {
        has_host if settings.record.is_some() => Interrupts::with_reopening(has_host),
        true => Interrupts::all(),
        false => Interrupts::new(),
    }
}

/// Opens the file, the room, and then the ways into it: nobody gets in who would have to be thrown
/// out again.
async fn open(
    settings: &Serve,
    reactor: &Rc<Reactor>,
) -> Result<(Option<Opened>, Server, Order, Entrances), Failure> {
    let opened = record::open(settings).await?;
    let (mut server, order) = order::begin(settings).await?;
    let listened = entrances::listen(settings).await;
    match listened.and_then(|listening| Entrances::open(settings, reactor, listening)) {
        Ok(entrances) => Ok((opened, server, order, entrances)),
        Err(failure) => {
            order.leave(&mut server).await;
            Err(failure)
        }
    }
}

/// The user has asked the server to end before anybody could get in.
async fn say_farewell(settings: &Serve, interrupts: &mut Interrupts, printer: &mut Printer) {
    if !settings.is_quiet {
        interrupts.finish_within_patience(printer.print(FAREWELL)).await;
    }
}

fn hub_of(
    settings: &Serve,
    server: Server,
    order: &Order,
    executor: Rc<LocalExecutor<'static>>,
) -> Rc<Hub> {
    let hub = Hub::new(server, WallClock::new(settings.zone.clone()), executor);
    #[cfg(feature = "shared")]
    let hub = if order.is_elsewhere() { hub.with_order_elsewhere() } else { hub };
    #[cfg(not(feature = "shared"))]
    let _ = order;
    Rc::new(hub)
}

/// The hub stops: has all be delivered, printed, recorded and in the room that was said, within the
/// user's patience.
async fn finish(
    settings: &Serve,
    hub: &Hub,
    requests: &mut Requests,
    mut console: Task<Result<(), Failure>>,
    mut record: Option<Record>,
    mut ordering: Ordering,
) -> Result<(), Failure> {
    // Unless it has printed all, which is known even if a member takes its time.
    let mut printed = Ok(());
    let mut recorded = Ok(());
    let mut ordered = Ok(());
    let printing = async { printed = (&mut console).await };
    let recording = async {
        if let Some(record) = &mut record {
            recorded = record.finished().await;
        }
    };
    let ordering = async {
        match within(ORDERS_SHARE, ordering.finished()).await {
            Some(finished) => ordered = finished,
            None => hub.order_is_over(),
        }
    };
    let ending = zip(zip(hub.all_closed(), ordering), zip(printing, recording));
    requests.finish_within_patience(ending).await;
    if let Some(record) = record {
        recorded = recorded.and(record.give_up().await);
    }
    if settings.seat.is_some() && !console.is_finished() {
        within(LAST_FRAME, &mut console).await;
    }
    // A terminal is given back also where it takes nothing any more.
    console.cancel().await;
    both(both(printed, recorded), order::with_unsaid(ordered, hub))
}

/// Of two failures one is the last thing that the program says.
fn both(first: Result<(), Failure>, last: Result<(), Failure>) -> Result<(), Failure> {
    match (first, last) {
        (Err(first), Err(last)) => {
            complain([first]);
            Err(last)
        }
        (first, last) => first.and(last),
    }
}

/// Shows `transcript`: to a host, who is told the ways in and may ask the server to `end`, or to
/// whoever reads standard output.
fn open_console(
    settings: &Serve,
    transcript: Transcript,
    printer: Printer,
    ways_in: WaysIn,
    end: Sender<()>,
) -> Result<BoxedLocal<Result<(), Failure>>, Failure> {
    Ok(match settings.seat {
        None => {
            let invitation = ways_in.invitation.map(|page| page.text(screen()));
            let invitation = invitation.unwrap_or_default();
            Console::new(transcript, printer)
                .inviting(invitation)
                .run(settings.is_quiet)
                .boxed_local()
        }
        Some(seat) => Host::sit_down(transcript, printer, seat, ways_in, end)?.run().boxed_local(),
    })
}
