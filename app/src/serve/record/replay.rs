//! The replay: what the log of a room that others share still has when its server begins, of which
//! the record of an earlier run may lack the end.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::mem;
use std::rc::Rc;
use std::task::Poll;

use chat_core::{Delivered, MAY_BE_MISSING, ReaderId, Wall, is_of_log};
use smol::Task;

use super::job::Job;
use super::tail::{Said, whole_lines};
use crate::serve::hub::Hub;
use crate::serve::wakers::Entered;

/// Takes what is replayed, as it is. Begun before anything is.
///
/// It takes it at once: the log forgets the seconds of lines long before it forgets the lines.
pub(crate) struct Replay {
    hub: Rc<Hub>,
    reader: ReaderId,
    said: Rc<RefCell<Replayed>>,
    task: Task<()>,
}

/// Lines with their times.
#[derive(Default)]
struct Replayed {
    bytes: Vec<u8>,
    /// From where on in them which second it was.
    times: Vec<(usize, Wall)>,
}

impl Replay {
    pub(crate) fn begin(hub: &Rc<Hub>) -> Self {
        let reader = hub.tell(|server, _| server.record());
        let said = Rc::new(RefCell::new(Replayed::default()));
        let task = hub.run(follow(hub.clone(), reader, said.clone()));
        Self { hub: hub.clone(), reader, said, task }
    }

    /// All is replayed. Returns the record's reader, and what a file lacks that ends with
    /// `recorded`, of all that is in it: nothing, if it is a new one, which begins now.
    pub(super) fn end(self, recorded: &[Said<'_>], is_new: bool) -> (ReaderId, Job) {
        let Self { hub, reader, said, task } = self;
        drop(task);
        take_all(&hub, reader, &mut said.borrow_mut());
        let replayed = mem::take(&mut *said.borrow_mut());
        let lacks = if is_new { Job::default() } else { replayed.behind(recorded) };
        (reader, lacks)
    }
}

/// Takes what is replayed for as long as it runs.
async fn follow(hub: Rc<Hub>, reader: ReaderId, said: Rc<RefCell<Replayed>>) {
    let growth = Entered::default();
    loop {
        take_all(&hub, reader, &mut said.borrow_mut());
        let mut is_first = true;
        poll_fn(|cx| {
            hub.await_growth(&growth, cx);
            if mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }
}

fn take_all(hub: &Hub, reader: ReaderId, said: &mut Replayed) {
    loop {
        let delivered = hub.tell(|server, _| {
            server.deliver_timed(reader, |wall, slices| Ok::<_, io::Error>(said.push(wall, slices)))
        });
        if !matches!(delivered, Ok(Delivered::Partial)) {
            return;
        }
    }
}

impl Replayed {
    fn push(&mut self, wall: Wall, slices: &[&[u8]]) -> usize {
        let before = self.bytes.len();
        if self.times.last().is_none_or(|&(_, last)| last != wall) {
            self.times.push((before, wall));
        }
        slices.iter().for_each(|slice| self.bytes.extend_from_slice(slice));
        self.bytes.len() - before
    }

    fn lines(&self) -> Vec<Said<'_>> {
        let ends = self.times.iter().skip(1).map(|&(start, _)| start).chain([self.bytes.len()]);
        let seconds = self.times.iter().zip(ends);
        let lines = seconds.flat_map(|(&(start, wall), end)| {
            whole_lines(&self.bytes[start..end]).map(move |line| (wall, line))
        });
        lines.collect()
    }

    /// Returns what comes behind the last of `recorded`; all, with a line that says that there may
    /// have been more, if that is not found.
    fn behind(&self, recorded: &[Said<'_>]) -> Job {
        let lines = self.lines();
        let recorded: Vec<_> = recorded.iter().copied().filter(is_common).collect();
        let (places, common): (Vec<_>, Vec<_>) =
            lines.iter().copied().enumerate().filter(|(_, said)| is_common(said)).unzip();
        let known = overlap(&recorded, &common).map(|count| places[count - 1] + 1);
        let mut job = Job::default();
        if let (None, Some(&(wall, _))) = (known, lines.first()) {
            job.push(wall, MAY_BE_MISSING.trim_end().as_bytes());
        }
        lines[known.unwrap_or_default()..].iter().for_each(|&(wall, line)| job.push(wall, line));
        job
    }
}

/// Whether a line stands in the records of all servers.
fn is_common(&(_, line): &Said<'_>) -> bool {
    str::from_utf8(line).is_ok_and(is_of_log)
}

/// Returns how many of `lines` there are up to the last one of `recorded`: up to the place before
/// which as many as possible are the same in both. `None` if the last one of `recorded` is none of
/// them.
///
/// Of several such places it is one before which all that there is on either side is the same, and
/// then the first: what is written twice does less harm than what is missing.
fn overlap(recorded: &[Said<'_>], lines: &[Said<'_>]) -> Option<usize> {
    let (first, all) = (recorded.len(), recorded.len() + lines.len());
    // Both of them backwards, one behind the other.
    let said = |at: usize| {
        let (wall, line) = if at < first { recorded[first - 1 - at] } else { lines[all - 1 - at] };
        (wall.unix_seconds, line)
    };
    // For each place how many follow it that are the same as at the beginning (the Z algorithm).
    let mut runs = vec![0; all];
    let (mut from, mut to) = (0, 0);
    let mut best: Option<(usize, bool, usize)> = None;
    for at in 1..all {
        let limit = if at < first { first - at } else { (all - at).min(first) };
        let mut run = if at < to { runs[at - from].min(to - at) } else { 0 };
        while run < limit && said(run) == said(at + run) {
            run += 1;
        }
        runs[at] = run;
        if at + run > to {
            (from, to) = (at, at + run);
        }
        if at >= first && run > 0 {
            let found = (run, run == limit, all - at);
            let is_better = best.is_none_or(|(most, is_all, count)| {
                (run, found.1, usize::MAX - found.2) > (most, is_all, usize::MAX - count)
            });
            if is_better {
                best = Some(found);
            }
        }
    }
    best.map(|(.., count)| count)
}

#[cfg(test)]
mod tests {
    use super::super::stamp;
    use super::*;
    use proptest::prelude::*;

    fn wall(second: i64) -> Wall {
        Wall { unix_seconds: second, ..Wall::default() }
    }

    /// Lines, each of a letter, and each letter at a second of its own.
    fn said(letters: &str) -> Vec<Said<'_>> {
        let lines = letters.as_bytes().chunks(1);
        lines.map(|letter| (wall(letter[0].into()), letter)).collect()
    }

    /// As it is meant, slowly.
    fn overlap_slowly(recorded: &[Said<'_>], lines: &[Said<'_>]) -> Option<usize> {
        let runs = (1..=lines.len()).map(|count| {
            let both = recorded.iter().rev().zip(lines[..count].iter().rev());
            let run = both.take_while(|(a, b)| a == b).count();
            (run, run == count.min(recorded.len()), count)
        });
        let runs = runs.filter(|&(run, ..)| run > 0);
        runs.max_by_key(|&(run, is_all, count)| (run, is_all, usize::MAX - count))
            .map(|(.., count)| count)
    }

    #[test]
    fn where_the_record_ends() {
        for (recorded, lines, expected) in [
            ("", "", None),
            ("", "abc", None),
            ("abc", "", None),
            ("abc", "abc", Some(3)),
            ("abc", "abcde", Some(3)),
            ("xyzabc", "abcde", Some(3)),
            ("bc", "abcde", Some(3)),
            ("abc", "cde", Some(1)),
            ("abc", "def", None),
            // The record lacks something before.
            ("ace", "abcdefg", Some(5)),
            ("xaaa", "aaaaab", Some(3)),
            ("aaa", "bcaaaaad", Some(5)),
            ("caaa", "bcaaaaad", Some(5)),
        ] {
            let found = overlap(&said(recorded), &said(lines));
            assert_eq!(found, expected, "{recorded} {lines}");
        }
    }

    #[test]
    fn the_same_words_at_another_time_are_others() {
        let (first, again) = ((wall(1), b"[a] b".as_slice()), (wall(2), b"[a] b".as_slice()));
        assert_eq!(overlap(&[first], &[first, again]), Some(1));
        assert_eq!(overlap(&[again], &[first, again]), Some(2));
        // Not in the same zone.
        let elsewhere = Wall { offset_seconds: 3600, ..wall(1) };
        assert_eq!(overlap(&[(elsewhere, first.1)], &[first]), Some(1));
    }

    proptest! {
        #[test]
        fn it_is_found_as_it_is_meant(recorded in "[ab]{0,12}", lines in "[abc]{0,12}") {
            let found = overlap(&said(&recorded), &said(&lines));
            prop_assert_eq!(found, overlap_slowly(&said(&recorded), &said(&lines)));
        }
    }

    fn behind(recorded: &[&str], replayed: &[&str]) -> String {
        let recorded: Vec<Said<'_>> =
            recorded.iter().map(|line| (wall(0), line.as_bytes())).collect();
        let mut all = Replayed::default();
        for line in replayed {
            all.push(wall(0), &[line.as_bytes(), b"\n"]);
        }
        let mut job = all.behind(&recorded);
        job.stamp();
        let lines = whole_lines(&job.lines).filter_map(stamp::split);
        lines.map(|(_, line)| String::from_utf8_lossy(line).into_owned() + "\n").collect()
    }

    #[test]
    fn what_the_record_lacks() {
        let [ann, ben, cat] = ["[ann] 1", "[ben] 2", "[cat] 3"];
        assert_eq!(behind(&[ann, ben], &[ann, ben, cat]), "[cat] 3\n");
        assert_eq!(behind(&[ann, ben], &[ann, ben]), "");
        assert_eq!(behind(&[ann, ben], &[]), "");
        // What is this server's alone is passed over.
        let started = "Chat Server started on port 3333.";
        let missing = "> 2 messages are missing here: they could not be recorded";
        assert_eq!(behind(&[ann, "exit", started, ben, missing], &[ann, ben, cat]), "[cat] 3\n");
        assert_eq!(behind(&[ann], &[missing, ann, missing, ben]), format!("{missing}\n[ben] 2\n"));
        let told = format!("{MAY_BE_MISSING}[cat] 3\n");
        assert_eq!(behind(&[ann, ben], &[cat]), told);
        assert_eq!(behind(&[started], &[cat]), told);
    }
}
