use super::*;
use proptest::prelude::*;

/// All that is decoded from chunks of such lengths.
fn decoded(bytes: &[u8], chunk: usize) -> Result<Vec<Reply>, Malformed> {
    let mut decoder = Decoder::default();
    let mut replies = Vec::new();
    for chunk in bytes.chunks(chunk) {
        decoder.receive(chunk);
        while let Some(reply) = decoder.next()? {
            replies.push(reply);
        }
    }
    Ok(replies)
}

fn text(text: &str) -> Reply {
    Reply::Bytes(text.as_bytes().into())
}

/// The examples of the protocol's specification.
#[test]
fn replies() {
    for (bytes, expected) in [
        ("+OK\r\n", Reply::Status(b"OK".as_slice().into())),
        ("-Error message\r\n", Reply::Error(b"Error message".as_slice().into())),
        (":1000\r\n", Reply::Number(1000)),
        (":-1\r\n", Reply::Number(-1)),
        ("$5\r\nhello\r\n", text("hello")),
        ("$0\r\n\r\n", text("")),
        ("$-1\r\n", Reply::Nothing),
        ("*-1\r\n", Reply::Nothing),
        ("*0\r\n", Reply::List(vec![])),
        ("*2\r\n$5\r\nhello\r\n$5\r\nworld\r\n", Reply::List(vec![text("hello"), text("world")])),
        (
            "*2\r\n*3\r\n:1\r\n:2\r\n:3\r\n*2\r\n+Hello\r\n-World\r\n",
            Reply::List(vec![
                Reply::List(vec![Reply::Number(1), Reply::Number(2), Reply::Number(3)]),
                Reply::List(vec![
                    Reply::Status(b"Hello".as_slice().into()),
                    Reply::Error(b"World".as_slice().into()),
                ]),
            ]),
        ),
        (
            "*3\r\n$5\r\nhello\r\n$-1\r\n$5\r\nworld\r\n",
            Reply::List(vec![text("hello"), Reply::Nothing, text("world")]),
        ),
        ("$8\r\n안\r\n녕\r\n", text("안\r\n녕")),
    ] {
        for chunk in 1..=bytes.len() {
            assert_eq!(decoded(bytes.as_bytes(), chunk), Ok(vec![expected.clone()]), "{bytes}");
        }
    }
}

#[test]
fn commands() {
    let mut out = Vec::new();
    push_command(&[b"LLEN", b"mylist"], &mut out);
    assert_eq!(out, b"*2\r\n$4\r\nLLEN\r\n$6\r\nmylist\r\n");
}

#[test]
fn what_is_no_reply() {
    for bytes in [
        "OK\r\n",
        "\r\n",
        "\n",
        "+OK\n",
        ":\r\n",
        ":x\r\n",
        ":99999999999999999999\r\n",
        "$-2\r\n",
        "$x\r\n",
        "$1\r\nabc\r\n",
        "$536870913\r\n",
        "*-2\r\n",
        "*8388609\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
        // RESP3, for which nobody asked.
        "_\r\n",
        "%1\r\n",
    ] {
        assert_eq!(decoded(bytes.as_bytes(), 3), Err(Malformed), "{bytes:?}");
    }
    assert_eq!(decoded(&[b'+'; MAX_LINE], 1000), Err(Malformed));
}

#[test]
fn a_reply_is_not_larger_than_any() {
    let text = format!("$200\r\n{}\r\n", "x".repeat(200));
    let many = |count: usize, part: &str| format!("*{count}\r\n{}", part.repeat(count));
    for (bytes, is_reply) in [
        (text.repeat(9), true),
        (many(3, &text), true),
        (many(4, &text), false),
        (many(13, ":1\r\n"), true),
        (many(15, ":1\r\n"), false),
        (many(3, &many(5, ":1\r\n")), false),
        ("$1001\r\n".to_owned(), false),
        ("*16\r\n".to_owned(), false),
    ] {
        let mut decoder = Decoder { max_size: 1_000, ..Decoder::default() };
        decoder.receive(bytes.as_bytes());
        let replies: Result<Vec<Reply>, Malformed> =
            std::iter::from_fn(|| decoder.next().transpose()).collect();
        assert_eq!(replies.is_ok(), is_reply, "{bytes}");
    }
}

#[test]
fn numbers() {
    let most = i64::MAX as u64;
    for (text, number) in [
        ("0", Some(0)),
        ("9223372036854775807", Some(most)),
        ("9223372036854775808", None),
        ("18446744073709551615", None),
        ("-1", None),
        ("1.5", None),
        ("", None),
    ] {
        assert_eq!(Reply::Bytes(text.as_bytes().into()).number(), number, "{text}");
    }
    assert_eq!(Reply::Number(i64::MAX).number(), Some(most));
    assert_eq!((Reply::Number(-1).number(), Reply::Nothing.number()), (None, None));
}

fn any_reply() -> impl Strategy<Value = Reply> {
    let line = || {
        proptest::collection::vec(any::<u8>(), 0..9).prop_map(|mut line| {
            line.retain(|byte| !b"\r\n".contains(byte));
            line.into_boxed_slice()
        })
    };
    let leaf = prop_oneof![
        line().prop_map(Reply::Status),
        line().prop_map(Reply::Error),
        any::<i64>().prop_map(Reply::Number),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(|text| Reply::Bytes(text.into())),
        Just(Reply::Nothing),
    ];
    leaf.prop_recursive(4, 30, 5, |inner| {
        proptest::collection::vec(inner, 0..5).prop_map(Reply::List)
    })
}

fn encode(reply: &Reply, out: &mut Vec<u8>) {
    let line = |kind: u8, line: &[u8], out: &mut Vec<u8>| {
        out.push(kind);
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    };
    match reply {
        Reply::Status(text) => line(b'+', text, out),
        Reply::Error(text) => line(b'-', text, out),
        Reply::Number(number) => line(b':', number.to_string().as_bytes(), out),
        Reply::Nothing => line(b'$', b"-1", out),
        Reply::Bytes(text) => {
            line(b'$', text.len().to_string().as_bytes(), out);
            out.extend_from_slice(text);
            out.extend_from_slice(b"\r\n");
        }
        Reply::List(items) => {
            line(b'*', items.len().to_string().as_bytes(), out);
            items.iter().for_each(|item| encode(item, out));
        }
    }
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(
        replies in proptest::collection::vec(any_reply(), 0..4),
        chunk in 1..50_usize,
    ) {
        let mut bytes = Vec::new();
        replies.iter().for_each(|reply| encode(reply, &mut bytes));
        prop_assert_eq!(decoded(&bytes, chunk), Ok(replies));
    }

    /// Whatever comes, nothing panics, and how it is cut makes no difference.
    #[test]
    fn whatever_comes(
        bytes in proptest::collection::vec(
            prop_oneof![
                any::<u8>(), Just(b'*'), Just(b'$'), Just(b':'), Just(b'1'), Just(b'\r'),
                Just(b'\n'),
            ],
            0..80,
        ),
        chunk in 1..20_usize,
    ) {
        prop_assert_eq!(decoded(&bytes, chunk), decoded(&bytes, usize::MAX));
    }
}
