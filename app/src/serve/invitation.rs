//! The invitation: how others join.

use std::net::{IpAddr, SocketAddr};

use qrcodegen::{QrCode, QrCodeEcc};

use crate::net::{Listening, all_reachable};
use crate::system::terminal_size;

/// The port that an address does not name.
const HTTP: u16 = 80;

/// Light modules around a code (ISO/IEC 18004, 9.1).
const MARGIN: i32 = 4;

/// How others join.
pub(super) struct WaysIn {
    /// The command by which they do.
    pub(super) command: String,
    /// Where they do with a browser, if they can.
    pub(super) invitation: Option<Invitation>,
}

impl WaysIn {
    /// All of it, for people at a screen. Each line ends with a newline.
    pub(super) fn text(&self, screen: Screen) -> String {
        let page = self.invitation.as_ref().map(|page| page.text(screen)).unwrap_or_default();
        format!("Join with: {}\n{page}", self.command)
    }
}

/// Columns and rows of what somebody reads.
#[derive(Clone, Copy)]
pub(super) struct Screen {
    columns: usize,
    rows: usize,
}

/// Returns the size of the terminal at standard output; nothing fits where it is unknown.
pub(super) fn screen() -> Screen {
    let (columns, rows) = terminal_size().unwrap_or_default();
    Screen { columns: columns.into(), rows: rows.into() }
}

/// The addresses of the page.
pub(super) struct Invitation {
    /// At least one.
    addresses: Vec<String>,
}

impl Invitation {
    /// To the page for which `listening` listens.
    pub(super) fn to(listening: &Listening) -> Self {
        let ips = listening.listeners.iter().flat_map(all_reachable);
        Self { addresses: ips.map(|ip| address(ip, listening.port)).collect() }
    }

    /// For whoever reads no more than that.
    pub(super) fn first(&self) -> String {
        format!("the page is at {}", self.addresses.first().map_or("", String::as_str))
    }

    /// For people at a screen: all addresses, and a picture of the first for the cameras of phones,
    /// if it fits. Each line ends with a newline.
    pub(super) fn text(&self, screen: Screen) -> String {
        let mut text = String::new();
        for address in &self.addresses {
            text += &format!("Join with a browser: {address}\n");
        }
        let rows = self.addresses.first().map(|address| picture(address)).unwrap_or_default();
        let columns = rows.first().map_or(0, |row| row.chars().count());
        // The draft is below it.
        if columns <= screen.columns && rows.len() < screen.rows {
            text.extend(rows.into_iter().flat_map(|row| [row, "\n".to_owned()]));
        }
        text
    }
}

/// Returns the address of the page, as browsers show it.
fn address(ip: IpAddr, port: u16) -> String {
    let place = SocketAddr::new(ip, port).to_string();
    let place = if port == HTTP { place.trim_end_matches(":80") } else { &place };
    format!("http://{place}/")
}

/// Returns the rows of a QR code, two modules high, or nothing if `text` is too long for one.
///
/// What is light is drawn, as most terminals are dark.
fn picture(text: &str) -> Vec<String> {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Low) else { return Vec::new() };
    let range = -MARGIN..code.size() + MARGIN;
    let half_block = |x, y| match (code.get_module(x, y), code.get_module(x, y + 1)) {
        (false, false) => '█',
        (false, true) => '▀',
        (true, false) => '▄',
        (true, true) => ' ',
    };
    let row = |y| range.clone().map(|x| half_block(x, y)).collect();
    range.clone().step_by(2).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (ip, port, expected) in [
            ("192.168.0.5", 8080, "http://192.168.0.5:8080/"),
            ("192.168.0.5", 80, "http://192.168.0.5/"),
            ("2001:db8::80", 80, "http://[2001:db8::80]/"),
            ("2001:db8::80", 443, "http://[2001:db8::80]:443/"),
        ] {
            assert_eq!(address(ip.parse().unwrap(), port), expected);
        }
    }

    /// Both have finder patterns in three corners, and are as high as wide.
    #[test]
    fn a_picture() {
        for text in ["http://192.168.0.5:8080/", "http://[2001:db8:1234:5678:9abc:def0:1234:5678]/"]
        {
            let rows = picture(text);
            let columns = rows[0].chars().count();
            assert!(rows.iter().all(|row| row.chars().count() == columns));
            assert_eq!(rows.len(), columns.div_ceil(2));
            assert!(rows[2].starts_with("████ ▄▄▄▄▄ █") && rows[2].ends_with("█ ▄▄▄▄▄ ████"));
        }
        assert!(picture(&"x".repeat(5_000)).is_empty());
    }
}
