//! What scripts answer, and what is read of a log.

use chat_core::{Answer, Attached, Expired, Link, NodeId, Position, Relation};

use crate::serve::order::shared::resp::Reply;

/// What a script's reply says; `None` if it says nothing that any script does.
pub(in super::super) fn answer(reply: Reply) -> Option<Answer> {
    let mut rest = reply.list()?.into_iter();
    let word = rest.next()?.bytes()?;
    let answer = match &*word {
        b"attached" => attached(&mut rest)?,
        b"done" => Answer::Done { tail: position(&mut rest)?, snap: rest.next()?.number()? },
        b"tail" => Answer::Tail { tail: position(&mut rest)? },
        b"gap" => Answer::Gap { last: rest.next()?.number()? },
        b"healing" => Answer::Healing,
        b"nodes" => {
            let (snap, mut expired) = (rest.next()?.number()?, Vec::new());
            while let Some(node) = rest.next() {
                expired.push(Expired {
                    node: NodeId(node.number()?),
                    last: rest.next()?.number()?,
                    lease: rest.next()?.number()?,
                    is_absent: rest.next()?.number()? > 0,
                });
            }
            Answer::Nodes { expired, snap }
        }
        b"foreign" => Answer::Foreign { format: rest.next()?.number()? },
        b"stale" => Answer::Stale,
        b"refused" => Answer::Refused,
        b"detached" => Answer::Detached,
        b"fenced" => Answer::Fenced,
        _ => return None,
    };
    Some(answer)
}

fn attached(rest: &mut impl Iterator<Item = Reply>) -> Option<Answer> {
    let tail = position(rest)?;
    let node = NodeId(rest.next()?.number()?);
    let last = rest.next()?.number()?;
    let era = rest.next()?.number()?;
    let at = match &*rest.next()?.bytes()? {
        b"same" => Relation::Same,
        b"cut" => Relation::Cut,
        b"behind" => Relation::Behind,
        b"apart" => Relation::Apart,
        _ => return None,
    };
    let is_healing = rest.next()?.number()? > 0;
    let mut rest = rest.peekable();
    let snapshot = match rest.peek() {
        Some(_) => Some((position(&mut rest)?, rest.next()?.bytes()?)),
        None => None,
    };
    Some(Answer::Attached(Attached { node, last, era, tail, at, is_healing, snapshot }))
}

fn position(rest: &mut impl Iterator<Item = Reply>) -> Option<Position> {
    Some(Position { index: rest.next()?.number()?, link: link(&rest.next()?.bytes()?)? })
}

/// A link as it is written: 16 hexadecimal digits.
pub(in super::super) fn link(text: &[u8]) -> Option<Link> {
    let text = str::from_utf8(text).ok().filter(|text| text.len() == 16)?;
    u64::from_str_radix(text, 16).ok().map(Link)
}
