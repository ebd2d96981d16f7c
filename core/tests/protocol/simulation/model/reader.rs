//! One who reads: all that it is still to get, one thing after the other.

use std::collections::VecDeque;
use std::rc::Rc;

use chat_core::Wall;

/// What an answer may cost beside its bytes.
const PLACE: usize = 64;

/// Answers that a member may leave unread, in bytes.
const MOST_ANSWERS: usize = 32 * 1024;

/// Something that a reader is to get.
pub(crate) enum Item {
    /// A line that was said, by its number.
    Line(usize, Rc<str>),
    /// Bytes that only it gets, behind so many lines.
    Own(Own, Vec<u8>, usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    Greeting,
    Skips(usize),
    Newline,
    Answer,
}

#[derive(Default)]
pub(crate) struct Reader {
    items: VecDeque<Item>,
    /// Bytes of the first that it has got.
    got: usize,
    /// What those items cost that only it gets.
    own_cost: usize,
    /// What ends the line of which it will not get the rest.
    end: Vec<u8>,
    pub(crate) has_left: bool,
    /// How many lines came before that.
    pub(crate) left_at: usize,
    /// Whether it keeps what it gets.
    pub(crate) is_record: bool,
    /// Whether the end of a write is a newline for it.
    pub(crate) is_unframed: bool,
    /// Whether the newline behind what it got last was left out.
    is_owed: bool,
}

impl Item {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Line(_, text) => text.as_bytes(),
            Self::Own(_, bytes, _) => bytes,
        }
    }

    fn is_line(&self) -> bool {
        matches!(self, Self::Line(..))
    }

    /// Whether it is let through where so many lines are.
    fn is_let_through(&self, bound: usize) -> bool {
        match self {
            Self::Line(number, _) => *number < bound,
            Self::Own(_, _, at) => *at <= bound,
        }
    }

    fn own_cost(&self) -> usize {
        if self.is_line() { 0 } else { self.bytes().len() + PLACE }
    }
}

impl Reader {
    pub(crate) fn push(&mut self, item: Item) {
        self.own_cost += item.own_cost();
        self.items.push_back(item);
    }

    fn push_first(&mut self, item: Item) {
        self.own_cost += item.own_cost();
        self.items.push_front(item);
    }

    fn pop(&mut self) {
        self.own_cost -= self.items.pop_front().map_or(0, |item| item.own_cost());
        self.got = 0;
    }

    /// An answer, unless it has left too many unread.
    pub(crate) fn answer(&mut self, bytes: Vec<u8>, total: usize) {
        if !bytes.is_empty() && self.unanswered() + bytes.len() + PLACE <= MOST_ANSWERS {
            self.push(Item::Own(Own::Answer, bytes, total));
        }
    }

    /// What it has left unread of what only it gets.
    pub(crate) fn unanswered(&self) -> usize {
        let is_got_in_part = self.items.front().is_some_and(|item| !item.is_line());
        self.own_cost - if is_got_in_part { self.got } else { 0 }
    }

    /// Whether it takes too few of its answers to be read from.
    pub(crate) fn is_silenced(&self) -> bool {
        self.unanswered() > MOST_ANSWERS / 4
    }

    /// It takes newlines after all.
    pub(crate) fn frame(&mut self, total: usize) {
        self.is_unframed = false;
        if std::mem::take(&mut self.is_owed) {
            assert_eq!(self.got, 0, "a newline was left out at the end of something");
            let at = self.position(total);
            self.push_first(Item::Own(Own::Newline, b"\n".to_vec(), at));
        }
    }

    /// Whether it has missed something and was not told yet.
    pub(crate) fn is_overrun(&self, first_kept: usize) -> bool {
        let first = self.items.iter().find(|item| item.is_line());
        matches!(first, Some(Item::Line(number, _)) if *number < first_kept)
    }

    /// The number of the first line that it has not got, of so many.
    pub(crate) fn position(&self, total: usize) -> usize {
        let end = if self.has_left { self.left_at } else { total };
        let number = |item: &Item| match item {
            Item::Line(number, _) => Some(*number),
            Item::Own(..) => None,
        };
        self.items.iter().find_map(number).unwrap_or(end)
    }

    /// What it has pending of what is let through, all of it unless something must be told it first.
    pub(crate) fn pending(&mut self, first_kept: usize, total: usize, bound: usize) -> Vec<u8> {
        let mut count = self.items.len();
        if self.is_overrun(first_kept) {
            let told_before = match self.items.front() {
                Some(Item::Own(Own::Skips(skips), ..)) if self.got == 0 => Some(*skips),
                _ => None,
            };
            let before = self.items.iter().take_while(|item| !item.is_line()).count();
            if told_before.is_none() && before > 0 {
                count = before;
            } else {
                if told_before.is_some() {
                    self.pop();
                }
                let skips = told_before.unwrap_or(0) + self.skip(first_kept);
                let s = if skips == 1 { "" } else { "s" };
                let notice = match (self.is_record, skips) {
                    (false, _) => {
                        format!("> {skips} message{s} skipped: this connection reads too slowly\n")
                    }
                    (true, 1) => {
                        "> 1 message is missing here: it could not be recorded\n".to_string()
                    }
                    (true, _) => {
                        format!("> {skips} messages are missing here: they could not be recorded\n")
                    }
                };
                let notice = if skips > 0 { notice.as_bytes() } else { b"" };
                let text = [&self.end, notice].concat();
                let at = self.position(total);
                self.push_first(Item::Own(Own::Skips(skips), text, at));
                count = self.items.len();
            }
        }
        let mut bytes = Vec::new();
        let items = self.items.iter().take(count);
        let items = items.take_while(|item| item.is_let_through(bound));
        items.for_each(|item| bytes.extend_from_slice(item.bytes()));
        bytes.split_off(self.got.min(bytes.len()))
    }

    /// Forgets the lines that are not kept. Gives how many of them it has missed.
    fn skip(&mut self, first_kept: usize) -> usize {
        let is_gone = |item: &Item| matches!(item, Item::Line(number, _) if *number < first_kept);
        let mut missed = self.items.iter().filter(|item| is_gone(item)).count();
        if let Some(Item::Line(_, text)) = self.items.front().filter(|_| self.got > 0) {
            let end = text.ceil_char_boundary(self.got);
            self.end = [&text.as_bytes()[self.got..end], b"\n"].concat();
            missed -= usize::from(&text[end..] == "\n");
        }
        self.items.retain(|item| !is_gone(item));
        self.got = 0;
        missed
    }

    /// Whether the byte at `at` of what is pending is a newline that is left out at the end of a
    /// write.
    pub(crate) fn may_withhold(&self, at: usize) -> bool {
        let mut end = 0;
        let item = self.items.iter().find(|item| {
            end += item.bytes().len();
            self.got + at < end
        });
        let is_text = !matches!(item, None | Some(Item::Own(Own::Greeting | Own::Answer, ..)));
        self.is_unframed
            && is_text
            && item.is_some_and(|item| item.bytes().last() == Some(&b'\n'))
            && self.got + at + 1 == end
    }

    /// The first `count` bytes of what was pending are sent, the last of them a newline that was
    /// left out, or not. Gives how many of them are everybody's.
    pub(crate) fn sent(&mut self, count: usize, is_withheld: bool) -> usize {
        let (mut left, mut of_lines) = (count, 0);
        while left > 0 {
            let first = &self.items[0];
            let step = (first.bytes().len() - self.got).min(left);
            match first {
                Item::Line(..) => of_lines += step,
                Item::Own(..) => self.end.clear(),
            }
            if !matches!(first, Item::Own(Own::Answer, ..)) {
                self.is_owed = self.is_unframed && is_withheld;
            }
            self.got += step;
            left -= step;
            if self.got == first.bytes().len() {
                self.pop();
            }
        }
        of_lines
    }

    /// Whether it has got all that is let through for it.
    pub(crate) fn has_all(&self, bound: usize) -> bool {
        self.items.front().is_none_or(|item| !item.is_let_through(bound))
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.has_left && self.items.is_empty()
    }

    /// How much of what it has pending was said in the second of the first line, which is `None` if that
    /// is not known; and that second.
    pub(crate) fn in_one_second(
        &self,
        first_kept: usize,
        second_of: impl Fn(usize) -> Wall,
    ) -> (usize, Option<Wall>) {
        let number = |item: &Item| match item {
            Item::Line(number, _) => Some(*number),
            Item::Own(..) => None,
        };
        // A gap may be found only after what it is told first.
        let mut numbers = self.items.iter().filter_map(number);
        let second = numbers.find(|number| *number >= first_kept).map(&second_of);
        let is_in_it =
            |item: &&Item| number(item).is_none_or(|number| Some(second_of(number)) == second);
        let bytes: usize =
            self.items.iter().take_while(is_in_it).map(|item| item.bytes().len()).sum();
        (bytes - self.got, second)
    }
}
