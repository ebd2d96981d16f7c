//! Where people are shown how to join with a browser, and a code that a camera can read.

use std::net::{TcpListener, TcpStream};

use rqrr::PreparedImage;

use super::client::{Response, handshake, port_of};
use super::{Page, Web};
use crate::harness::{Peer, Program, executable};
use crate::tmux::Tmux;

const JOIN: &str = "Join with a browser: ";

/// Pixels of a module's side.
const SCALE: usize = 4;

/// What the host is shown at the start, and again when that is asked for, is read by a decoder off
/// the screen of a real terminal.
#[test]
fn the_code_leads_to_the_page() {
    let serve = format!("{} serve --web 0 127.0.0.1 0", executable());
    let Some(tmux) = Tmux::run_program(&serve, 80, 30) else { return };
    tmux.shows("[Host] ");
    let all = tmux.all();
    assert!(all[0].starts_with("Chat Server started on port "), "{all:#?}");
    let address = all[1].strip_prefix(JOIN).unwrap().to_owned();
    assert_eq!(codes(&tmux.screen()), [address.as_str()]);
    TcpStream::connect(("127.0.0.1", port_of(&address))).unwrap();

    tmux.run(&["send-keys", "-l", "/jo"]);
    tmux.run(&["send-keys", "Tab", "Enter"]);
    tmux.wait("it is there twice", |all| codes(all) == [address.as_str(); 2]);
    let all = tmux.all();
    let last = all.iter().rposition(|row| row.starts_with(JOIN)).unwrap();
    let command = all[last - 1].strip_prefix("Join with: ").unwrap();
    assert_eq!(all.last().unwrap(), &format!("[Host] {command}"));
    assert!(!all.iter().any(|row| row.contains("/join")), "{all:#?}");
}

/// The same without a host.
#[test]
fn the_code_without_a_host() {
    let serve = format!("{} serve --web 0 127.0.0.1 0 </dev/null", executable());
    let Some(tmux) = Tmux::run_program(&serve, 80, 24) else { return };
    tmux.wait("a code is there", |all| codes(all).len() == 1);
    let all = tmux.all();
    assert!(all[0].starts_with("Chat Server started on port "), "{all:#?}");
    assert_eq!([all[1].strip_prefix(JOIN).unwrap()], *codes(&all));
}

/// A picture that would be cut or wrapped leads nowhere.
#[test]
fn no_code_where_it_does_not_fit() {
    for (columns, rows) in [(32, 40), (80, 17)] {
        let serve = format!("{} serve --web 0 127.0.0.1 0", executable());
        let Some(tmux) = Tmux::run_program(&serve, columns, rows) else { return };
        tmux.shows("[Host] ");
        let all = tmux.all();
        let rows = all.iter().filter(|row| row.starts_with(JOIN) || row.contains('█')).count();
        assert_eq!(rows, 1, "{all:#?}");
    }
}

/// On all interfaces every address that is shown is one of the page's.
#[test]
fn all_addresses_lead_to_the_page() {
    let serve = format!("{} serve --web 0 0.0.0.0 0", executable());
    let Some(tmux) = Tmux::run_program(&serve, 100, 40) else { return };
    tmux.shows("[Host] ");
    let all = tmux.all();
    let addresses: Vec<&str> = all.iter().filter_map(|row| row.strip_prefix(JOIN)).collect();
    assert_eq!(codes(&all), addresses[..1]);
    for address in addresses {
        let place = address.strip_prefix("http://").unwrap().trim_end_matches('/');
        TcpStream::connect(place).unwrap();
    }
}

/// Elsewhere the output is as ever, and only a port that nobody can know is told.
#[test]
fn what_is_told_elsewhere() {
    for options in [&[][..], &["--quiet"]] {
        let web = Web::start(options);
        let port = web.server.port;
        assert_eq!(web.gets("/", "").status, "200 OK");
        let said = web.server.program.out.so_far();
        assert_eq!(said, format!("Chat Server started on port {port}.\n"));
        let told = format!("chat: the page is at http://127.0.0.1:{}/\n", web.port);
        assert_eq!(web.server.program.err.so_far(), told);
    }
    let serve = format!("{} serve --quiet --web 0 127.0.0.1 0", executable());
    let Some(tmux) = Tmux::run_program(&serve, 80, 24) else { return };
    tmux.shows("chat: the page is at http://127.0.0.1:");
    let all = tmux.all();
    assert!(all.iter().all(|row| !row.contains(JOIN) && !row.contains('█')), "{all:#?}");
}

/// Nothing is served where not all of it can be.
#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut serve = Program::start(["serve", "127.0.0.1", "0", "--web", &port]);
    assert_eq!(serve.status(), 1);
    assert_eq!(serve.out.all(), "");
    let expected = format!("chat: cannot listen on 127.0.0.1:{port}: Address already in use\n");
    assert_eq!(serve.err.all(), expected);
}

/// On IPv6 too: a page of such an address is asked for, and is a member.
#[test]
fn an_address_of_ipv6() {
    if TcpListener::bind("[::1]:0").is_err() {
        return;
    }
    let web = Web::start_on("::1", &[]);
    let told = format!("chat: the page is at http://[::1]:{}/\n", web.port);
    assert_eq!(web.server.program.err.so_far(), told);
    let mut asks = Peer::connect(("::1", web.port));
    asks.send(format!("GET / HTTP/1.1\r\nHost: [::1]:{}\r\n\r\n", web.port));
    let page = Response::read(asks);
    assert_eq!(page.status, "200 OK");
    assert!(page.field("Content-Security-Policy").contains("; connect-src 'self'; "));
    let mut joins = Peer::connect(("::1", web.port));
    joins.send(handshake(web.port).replace("127.0.0.1", "[::1]") + "\r\n");
    let mut page = Page::begin(joins);
    assert_eq!(page.line(), "> Connected to the chat server (1 user online)");
    web.server.says(&format!("> New user {} entered", page.addr()));
}

/// What the codes say that stand in `rows`, drawn for a decoder as a terminal draws them.
fn codes(rows: &[String]) -> Vec<String> {
    let is_code = |row: &String| row.starts_with("████");
    let codes = rows.chunk_by(|row, next| is_code(row) == is_code(next));
    codes.filter(|rows| is_code(&rows[0])).filter_map(decode).collect()
}

fn decode(rows: &[String]) -> Option<String> {
    let rows: Vec<Vec<char>> = rows.iter().map(|row| row.chars().collect()).collect();
    let columns = rows.iter().map(Vec::len).max()?;
    let (width, height) = (columns * SCALE, rows.len() * 2 * SCALE);
    let mut image = PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        let module = y / SCALE;
        let is_light = match rows[module / 2].get(x / SCALE) {
            Some('█') => true,
            Some('▀') => module.is_multiple_of(2),
            Some('▄') => !module.is_multiple_of(2),
            _ => false,
        };
        if is_light { 255 } else { 0 }
    });
    let [grid] = image.detect_grids().try_into().ok()?;
    Some(grid.decode().ok()?.1)
}
