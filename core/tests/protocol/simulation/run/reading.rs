//! What readers are lent, beside what they should be.

use std::convert::Infallible;

use chat_core::Delivered;

use super::super::choices::Choices;
use super::Run;

impl<C: Choices> Run<C> {
    pub(super) fn some_read(&mut self) {
        let places: Vec<usize> = self.peers.keys().copied().collect();
        if places.is_empty() {
            return;
        }
        let place = self.choices.one(&places);
        let peer = &self.peers[&place];
        if !peer.is_stalled {
            let (buffer, share) = (peer.buffer, self.choices.one(&[1, 1, 1, 2, 10]));
            // A socket may be full.
            let most = if self.choices.once_in(8) { 0 } else { (buffer / share).max(1) };
            while self.read(place, most) && self.choices.once_in(2) {}
        }
    }

    /// Lends a reader what it has pending, of which it takes `most` bytes. Gives whether there was
    /// any.
    pub(super) fn read(&mut self, place: usize, most: usize) -> bool {
        let mut expected = self.model.pending(place);
        if expected == b"\n" && self.model.reader(place).may_withhold(0) {
            // It would be a write of its own: such a newline is never sent.
            self.take(place, b"", true);
            expected = self.model.pending(place);
        }
        let (lent, delivered) = self.lend(place, most);
        let is_withheld = expected.get(lent.len()) == Some(&b'\n')
            && self.model.reader(place).may_withhold(lent.len());
        assert!(
            expected.starts_with(&lent),
            "lent {:?}\nof {:?}",
            String::from_utf8_lossy(&lent),
            String::from_utf8_lossy(&expected)
        );
        assert_eq!(lent.is_empty(), expected.len() == usize::from(is_withheld), "{expected:?}");
        let takes = lent.len().min(most);
        self.take(place, &lent[..takes], is_withheld && takes == lent.len());
        let has_caught_up = self.model.has_all(place);
        let outcome = if self.model.reader(place).is_finished() {
            Delivered::Finished
        } else if !has_caught_up {
            Delivered::Partial
        } else if lent.is_empty() {
            Delivered::Nothing
        } else {
            Delivered::CaughtUp
        };
        assert_eq!(delivered, outcome);
        let peer = self.peers.get_mut(&place).unwrap();
        assert_eq!(self.server.has_pending(peer.reader), !has_caught_up);
        // Whoever shows nothing more is not tried again before something tells that there may be.
        peer.is_awake = !has_caught_up;
        self.look();
        takes > 0
    }

    fn lend(&mut self, place: usize, most: usize) -> (Vec<u8>, Delivered) {
        let reader = self.peers[&place].reader;
        if self.record.place == Some(place) && !self.choices.once_in(8) {
            return self.lend_timed(place, reader, most);
        }
        let mut lent = Vec::new();
        let delivered = self.tell(|server, _| {
            server.deliver(reader, |slices| {
                slices.iter().for_each(|slice| lent.extend_from_slice(slice));
                Ok::<_, Infallible>(lent.len().min(most))
            })
        });
        self.memory -= lent.capacity() as i64;
        let Ok(delivered) = delivered;
        (lent, delivered)
    }

    /// A reader has taken something, and with it a newline that was left out, or not.
    fn take(&mut self, place: usize, bytes: &[u8], with_newline: bool) {
        let count = bytes.len() + usize::from(with_newline);
        let of_log = self.model.reader_mut(place).sent(count, with_newline);
        let has_caught_up = self.model.has_all(place);
        let held_back = if self.model.gate == Some(place) { 0 } else { self.model.held_back() };
        let is_overrun = self.model.is_overrun(place);
        let peer = self.peers.get_mut(&place).unwrap();
        peer.screen.show(bytes);
        if with_newline {
            peer.screen.show(b"\n");
        }
        peer.got(of_log, has_caught_up, held_back, is_overrun);
    }
}
