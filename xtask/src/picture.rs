//! `cargo xtask picture`: the README's picture, drawn from a real session.

// The browser of the tests: what goes wrong there stops them where they stand, and stops this task.
#[allow(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::unwrap_used,
    dead_code,
    reason = "it is the tests' own, who need more of it"
)]
#[path = "../../app/tests/browser/chromium.rs"]
mod chromium;

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::num::NonZero;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;

use argh::FromArgs;
use fs_err as fs;
use pty_process::blocking::{Pty, open};

use crate::build::chat;
use crate::program::{LIMIT, Running, Server};
use crate::shell::{Outcome, Tried, root, say};
use chromium::{Browser, Profile, Tab};

/// Draw the README's picture: three people in a room, two at terminals and one with a phone, with
/// the current program.
#[derive(FromArgs)]
#[argh(subcommand, name = "picture")]
pub(crate) struct Picture {}

/// The file that is drawn.
const FILE: &str = "app/session.svg";

const COLUMNS: u16 = 58;
const ROWS: u16 = 13;

impl Picture {
    pub(crate) fn run(&self) -> Outcome<()> {
        if !Browser::is_installed() {
            return Err("chromium is not installed: see ci/install".into());
        }
        let (screens, page) = session()?;
        fs::write(root().join(FILE), svg(&screens, &page))?;
        say(&format!("{FILE} is drawn."));
        Ok(())
    }
}

/// Plays three people, two of whom are late, until all have a draft on the screen. Returns the screens
/// of the terminals, and that of the phone.
fn session() -> Outcome<([vt100::Screen; 2], String)> {
    let server = Server::start_with(&mut Command::new(chat()?), &["--web", "0"])?;
    let url = server.program.page()?;
    let mut teacher = Terminal::join(server.port, "선생님")?;
    teacher.wait_for("is now 선생님")?;
    teacher.types("안녕하세요? 오늘 자료를 올렸습니다.\r")?;
    teacher.wait_for("[You] 안녕하세요?")?;
    let mut pupil = Terminal::join(server.port, "지민")?;
    teacher.wait_for("is now 지민")?;
    pupil.wait_for("> That was earlier")?;
    pupil.types("네 안녕하세요ㅋㅋ 잘 받았습니다!\r")?;
    teacher.wait_for("받았습니다!")?;
    teacher.types("/msg 지민 발표 준비됐나요?\r")?;
    pupil.wait_for("[선생님 -> you]")?;
    teacher.types("3쪽 그림부터 ")?;
    teacher.wait_for("3쪽 그림부터")?;
    let profile = Profile::new();
    let phone = profile.open(&url);
    phone.has_screen(PHONE_WIDTH, phone_height(), 2.0);
    phone.has_scheme("dark");
    shows(&phone, "> That was earlier");
    says(&phone, "/name 민수");
    shows(&phone, "is now 민수");
    says(&phone, "늦어서 죄송합니다 ㅠㅠ");
    pupil.wait_for("죄송합니다")?;
    pupil.types("저도 질문이 하나 있는데요, 두 번째 그림에서 화살표가 어느 쪽인")?;
    pupil.wait_for("쪽인")?;
    teacher.wait_for("죄송합니다")?;
    teacher.types("봅시다. 漢字도")?;
    teacher.wait_for("漢字도")?;
    teacher.types("\x7f\x7f\x7f")?;
    shows(&phone, "[You] 늦어서");
    says(&phone, "/msg 선생님 https://example.org/과제.pdf 이건가요?");
    shows(&phone, "[you -> 선생님]");
    teacher.wait_for("이건가요?")?;
    phone.insert("네, 찾았");
    Ok(([teacher.screen.screen().clone(), pupil.screen.screen().clone()], phone.screenshot()))
}

/// What the phone's user types is sent.
fn says(phone: &Tab<'_>, text: &str) {
    phone.insert(text);
    phone.enter();
}

/// Waits until the phone shows a text.
fn shows(phone: &Tab<'_>, text: &str) {
    phone.wait(&format!("document.getElementById('log').textContent.includes('{text}')"));
}

struct Terminal {
    _running: Running,
    pty: Pty,
    written: Receiver<Vec<u8>>,
    screen: vt100::Parser,
}

impl Terminal {
    fn join(port: u16, name: &str) -> Outcome<Self> {
        let (pty, pts) = open().tried("a pseudo-terminal")?;
        pty.resize(pty_process::Size::new(ROWS, COLUMNS))?;
        let mut reader = std::fs::File::from(rustix::io::dup(&pty)?);
        let executable = chat()?;
        let child = pty_process::blocking::Command::new(&executable)
            .args(["join", "127.0.0.1", &port.to_string(), "--name", name])
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR")
            .spawn(pts)
            .tried(executable.display())?;
        let (sender, written) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let size = |length| NonZero::new(length).ok_or("an empty terminal");
        let screen = vt100::Parser::new(size(ROWS)?, size(COLUMNS)?, 0);
        Ok(Self { _running: Running(child), pty, written, screen })
    }

    fn types(&mut self, text: &str) -> Outcome<()> {
        Ok(self.pty.write_all(text.as_bytes())?)
    }

    fn wait_for(&mut self, text: &str) -> Outcome<()> {
        let deadline = Instant::now() + LIMIT;
        while !self.screen.screen().contents().contains(text) {
            let left = deadline.saturating_duration_since(Instant::now());
            let bytes = self.written.recv_timeout(left).map_err(|_| format!("no {text:?}"))?;
            self.screen.process(&bytes);
        }
        Ok(())
    }
}

// Lengths in the picture, in pixels.
const CELL: f64 = 8.4;
const LINE: f64 = 19.0;
const MARGIN: f64 = 14.0;
const TITLE: f64 = 30.0;

const BACKGROUND: &str = "#1d2026";
const FRAME: &str = "#2b3038";
const TEXT: &str = "#d8dee9";

/// The phone's, between its edges.
const PHONE_WIDTH: u32 = 340;
const EDGE: f64 = 9.0;
const ROUNDING: f64 = 22.0;

/// The height of a window.
fn window_height() -> f64 {
    f64::from(ROWS) * LINE + TITLE + 2.0 * MARGIN
}

/// The phone is as high as two windows.
fn phone_height() -> u32 {
    (2.0 * window_height() + MARGIN - 2.0 * EDGE) as u32
}

/// Draws the screens as windows, one below the other, and the page on a phone beside them.
fn svg(screens: &[vt100::Screen; 2], page: &str) -> String {
    let width = f64::from(COLUMNS) * CELL + 2.0 * MARGIN;
    let height = window_height();
    let total_width = width + MARGIN + f64::from(PHONE_WIDTH) + 2.0 * EDGE;
    let total = 2.0 * height + MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{total_width:.0}\" \
         height=\"{total:.0}\" viewBox=\"0 0 {total_width:.1} {total:.1}\" font-size=\"14\" font-family=\"'DejaVu Sans Mono', \
         'Noto Sans Mono CJK KR', 'D2Coding', 'NanumGothicCoding', Menlo, Consolas, monospace\">\n"
    );
    let mut top = 0.0;
    for screen in screens {
        window(screen, width, height, top, &mut svg);
        top += height + MARGIN;
    }
    phone(page, width + MARGIN, &mut svg);
    svg.push_str("</svg>\n");
    svg
}

fn phone(page: &str, left: f64, svg: &mut String) {
    let (width, height) = (PHONE_WIDTH, phone_height());
    let _ = writeln!(
        svg,
        "<rect x=\"{left:.1}\" y=\"0\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{ROUNDING}\" \
         fill=\"{FRAME}\"/>\n\
         <clipPath id=\"phone\"><rect x=\"{:.1}\" y=\"{EDGE}\" width=\"{width}\" height=\"{height}\" \
         rx=\"{:.1}\"/></clipPath>\n\
         <image clip-path=\"url(#phone)\" x=\"{:.1}\" y=\"{EDGE}\" width=\"{width}\" \
         height=\"{height}\" href=\"data:image/png;base64,{page}\"/>",
        f64::from(width) + 2.0 * EDGE,
        f64::from(height) + 2.0 * EDGE,
        left + EDGE,
        ROUNDING - EDGE,
        left + EDGE,
    );
}

fn window(screen: &vt100::Screen, width: f64, height: f64, top: f64, svg: &mut String) {
    let _ = writeln!(
        svg,
        "<g transform=\"translate(0 {top:.1})\">\n\
         <rect width=\"{width:.1}\" height=\"{height:.1}\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n\
         <path d=\"M0 {TITLE} V8 a8 8 0 0 1 8 -8 H{:.1} a8 8 0 0 1 8 8 V{TITLE} z\" \
         fill=\"{FRAME}\"/>\n\
         <circle cx=\"18\" cy=\"15\" r=\"5\" fill=\"#bf616a\"/>\n\
         <circle cx=\"36\" cy=\"15\" r=\"5\" fill=\"#ebcb8b\"/>\n\
         <circle cx=\"54\" cy=\"15\" r=\"5\" fill=\"#a3be8c\"/>\n\
         <text x=\"{:.1}\" y=\"20\" text-anchor=\"middle\" fill=\"{TEXT}\" \
         opacity=\"0.6\">chat join</text>",
        width - 8.0,
        width / 2.0,
    );
    for row in 0..ROWS {
        let baseline = TITLE + MARGIN + f64::from(row) * LINE + 14.0;
        for run in runs(screen, row) {
            let x = MARGIN + f64::from(run.column) * CELL;
            if run.is_inverse {
                let _ = writeln!(
                    svg,
                    "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{LINE}\" fill=\"{}\"/>",
                    baseline - 15.0,
                    f64::from(run.columns) * CELL,
                    run.colour,
                );
            }
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{baseline:.1}\" fill=\"{}\"{}{}>{}</text>",
                if run.is_inverse { BACKGROUND } else { &run.colour },
                if run.is_dim { " opacity=\"0.6\"" } else { "" },
                if run.is_bold { " font-weight=\"bold\"" } else { "" },
                run.text,
            );
        }
    }
    let (row, column) = screen.cursor_position();
    let _ = writeln!(
        svg,
        "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{CELL}\" height=\"{LINE}\" fill=\"{TEXT}\" \
         opacity=\"0.8\"/>\n</g>",
        MARGIN + f64::from(column) * CELL,
        TITLE + MARGIN + f64::from(row) * LINE - 1.0,
    );
}

/// A word or one wide character. Fonts do not keep to cells as terminals do, so each is placed on
/// its own.
struct Run {
    column: u16,
    columns: u16,
    text: String,
    colour: String,
    is_dim: bool,
    is_bold: bool,
    is_inverse: bool,
}

impl Run {
    fn of(column: u16, cell: &vt100::Cell) -> Self {
        Self {
            column,
            columns: if cell.is_wide() { 2 } else { 1 },
            text: cell.contents().replace('&', "&amp;").replace('<', "&lt;"),
            colour: colour(cell.fgcolor()),
            is_dim: cell.dim(),
            is_bold: cell.bold(),
            is_inverse: cell.inverse(),
        }
    }

    fn looks_as(&self, other: &Self) -> bool {
        let look = |run: &Self| (run.is_dim, run.is_bold, run.is_inverse);
        self.colour == other.colour && look(self) == look(other)
    }
}

fn runs(screen: &vt100::Screen, row: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut next = None;
    for column in 0..COLUMNS {
        let Some(cell) = screen.cell(row, column) else { continue };
        if matches!(cell.contents(), "" | " ") && !(cell.inverse() && cell.has_contents()) {
            continue;
        }
        let run = Run::of(column, cell);
        match runs.last_mut().filter(|_| next == Some(column) && !cell.is_wide()) {
            Some(last) if last.looks_as(&run) => {
                last.text.push_str(&run.text);
                last.columns += run.columns;
            }
            _ => runs.push(run),
        }
        next = (!cell.is_wide()).then_some(column + 1);
    }
    runs
}

/// Converts a colour of xterm's cube, the only part of its palette that the program uses.
fn colour(colour: vt100::Color) -> String {
    match colour {
        vt100::Color::Idx(index @ 16..=231) => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let cube = index - 16;
            format!("#{:02x}{:02x}{:02x}", level(cube / 36), level(cube / 6 % 6), level(cube % 6))
        }
        _ => TEXT.to_owned(),
    }
}
