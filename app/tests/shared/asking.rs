//! What a test asks an engine or a sentinel.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpStream, ToSocketAddrs};

use crate::harness::LIMIT;

/// Gives a command to whoever listens at a place, and returns the answer as `redis-cli` prints it: a line for
/// each of its parts. `None` if it is an error, or there is none.
pub(crate) fn ask(place: impl ToSocketAddrs, password: &str, words: &[&str]) -> Option<String> {
    let mut stream = TcpStream::connect(place).ok()?;
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    if !password.is_empty() {
        stream.write_all(&command(&["AUTH", password])).ok()?;
        answer(&mut reader)?;
    }
    stream.write_all(&command(words)).ok()?;
    answer(&mut reader)
}

/// A command as it goes over the wire: an array of strings.
fn command(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n{word}\r\n", word.len()).into_bytes());
    }
    bytes
}

/// Reads an answer: a simple string, an error, a number, a string, or an array of answers (RESP2).
fn answer(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let line = line.strip_suffix("\r\n")?;
    let (kind, rest) = line.split_at_checked(1)?;
    match kind {
        "+" | ":" => Some(format!("{rest}\n")),
        "$" if rest == "-1" => Some("\n".to_owned()),
        "$" => {
            let mut bytes = vec![0; rest.parse::<usize>().ok()? + 2];
            reader.read_exact(&mut bytes).ok()?;
            bytes.truncate(bytes.len() - 2);
            Some(String::from_utf8_lossy(&bytes).into_owned() + "\n")
        }
        "*" => (0..rest.parse().ok()?).map(|_| answer(reader)).collect(),
        _ => None,
    }
}

#[test]
fn answers_are_read() {
    let read = |mut bytes: &[u8]| answer(&mut bytes);
    assert_eq!(read(b"+OK\r\n").as_deref(), Some("OK\n"));
    assert_eq!(read(b":7\r\n").as_deref(), Some("7\n"));
    assert_eq!(read(b"$-1\r\n").as_deref(), Some("\n"));
    assert_eq!(read(b"$3\r\n\xea\xb0\x80\r\n").as_deref(), Some("가\n"));
    assert_eq!(read(b"*2\r\n$1\r\na\r\n*1\r\n:1\r\n").as_deref(), Some("a\n1\n"));
    assert_eq!(read(b"-ERR no\r\n"), None);
    assert_eq!(read(b"*2\r\n:1\r\n"), None);
    assert_eq!(read(b""), None);
}
