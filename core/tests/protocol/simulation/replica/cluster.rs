//! The engine's instances: the one that serves, and those before it.

use std::collections::BTreeMap;
use std::rc::Rc;

use chat_core::{Answer, Batch, Position, Request};

use super::engine::{Broken, Call, State};
use super::time::{MILLI, SECOND};

/// One process of the engine.
pub(super) struct Instance {
    state: State,
    run: u64,
    pub(super) is_up: bool,
    /// When it goes on that is stopped.
    frozen_until: u64,
    /// What makes it hold more is refused until then, or everything is.
    full_until: u64,
    refuses_until: u64,
    /// By how much its clock is ahead.
    skew: u64,
    /// Whether it has taken over.
    is_promoted: bool,
    /// When it began.
    since: u64,
    /// For how long it has answered nobody, in long breaks.
    paused: u64,
    /// From when until when nobody is answered.
    pause: Option<(u64, u64)>,
    /// When each node last had its lease renewed, by the time in which it answered.
    renewed: BTreeMap<u64, u64>,
}

impl Instance {
    /// Nobody is answered for a while.
    fn pause(&mut self, now: u64, time: u64) {
        self.end_pause(now);
        let (from, until) = self.pause.unwrap_or((now, now));
        self.pause = Some((from, until.max(now + time)));
    }

    /// Forgets a pause that is over. If it was short it costs nobody a lease.
    fn end_pause(&mut self, now: u64) {
        if let Some((from, until)) = self.pause.take_if(|(_, until)| *until <= now)
            && until - from >= 3 * SECOND
        {
            self.paused += until - from;
        }
    }

    /// For how long it has answered.
    fn served(&mut self, now: u64) -> u64 {
        self.end_pause(now);
        now - self.paused
    }
}

/// All of them, and what was ever appended to any.
pub(super) struct Cluster {
    pub(super) instances: Vec<Instance>,
    pub(super) master: usize,
    /// What is safe, should the one that serves fail: everything, if there is nothing here.
    safe: Option<State>,
    /// Each batch by its link.
    pub(super) batches: BTreeMap<u64, Rc<Batch>>,
    broken: Option<Broken>,
    runs: u64,
    /// Until when the instance that served, or all ways to it, were of no use.
    strained_until: u64,
    /// When it last lost something that it had said was done.
    pub(super) lost_at: u64,
}

impl Cluster {
    pub(super) fn new(now: u64, broken: Option<Broken>) -> Self {
        let mut cluster = Self {
            instances: Vec::new(),
            master: 0,
            safe: None,
            batches: BTreeMap::new(),
            broken,
            runs: 0,
            strained_until: 0,
            lost_at: 0,
        };
        cluster.start(now, State::default());
        cluster
    }

    /// A process begins to serve with what it has.
    fn start(&mut self, now: u64, state: State) {
        self.runs += 1;
        self.master = self.instances.len();
        self.safe = None;
        let skew = self.later(now, 3_000 * SECOND + self.runs % 3 * SECOND);
        self.instances.push(Instance {
            state,
            run: self.runs,
            is_up: true,
            frozen_until: 0,
            full_until: 0,
            refuses_until: 0,
            skew,
            is_promoted: false,
            since: now,
            paused: 0,
            pause: None,
            renewed: BTreeMap::new(),
        });
    }

    /// By how much a clock is ahead of which nobody knows yet what time it has: if all was lost,
    /// the era is all that tells this one from those before it.
    fn later(&self, now: u64, skew: u64) -> u64 {
        let last = self.instances.iter().map(|instance| instance.state.era).max();
        skew.max((last.unwrap_or(0) * MILLI).saturating_sub(now) + MILLI)
    }

    pub(super) fn tail(&self) -> Position {
        self.instances[self.master].state.tail
    }

    /// What is done from now on may be lost.
    pub(super) fn stop_saving(&mut self) {
        self.safe.get_or_insert_with(|| self.instances[self.master].state.clone());
    }

    /// The one that serves ends.
    pub(super) fn kill(&mut self) {
        self.instances[self.master].is_up = false;
    }

    pub(super) fn is_down(&self) -> bool {
        !self.instances[self.master].is_up
    }

    /// It is there again, with what is safe, or with nothing.
    pub(super) fn revive(&mut self, now: u64, has_lost_all: bool) {
        if has_lost_all || self.safe.is_some() {
            self.lost_at = now;
        }
        let state = match self.safe.take() {
            _ if has_lost_all => State::default(),
            Some(safe) => safe,
            None => self.instances[self.master].state.clone(),
        };
        self.start(now, state);
    }

    /// Another one serves, that has what is safe. The one before it is there, and does not know.
    pub(super) fn fail_over(&mut self, now: u64) {
        self.revive(now, false);
        self.instances[self.master].is_promoted = true;
    }

    /// One that serves though another one has taken over from it, and in what era: nobody has begun
    /// to use it lately.
    pub(super) fn former(&self, now: u64) -> Option<(usize, u64)> {
        let serves = |&index: &usize| {
            let is_healed = self.instances[index].state.is_healed(self.call(now, index, 0));
            self.instances[index].is_up && self.is_used(index) && is_healed
        };
        let former = (0..self.master).rev().find(serves)?;
        Some((former, self.instances[former].state.era))
    }

    /// Whether anybody has been there since it began.
    pub(super) fn is_used(&self, instance: usize) -> bool {
        self.instances[instance].state.run == self.instances[instance].run
    }

    pub(super) fn freeze(&mut self, now: u64, time: u64) {
        self.strain(now + time);
        let master = &mut self.instances[self.master];
        master.frozen_until = master.frozen_until.max(now + time);
        master.pause(now, time);
    }

    pub(super) fn fill(&mut self, now: u64, time: u64) {
        let master = &mut self.instances[self.master];
        master.full_until = master.full_until.max(now + time);
    }

    /// It cannot save to its disk, or has too few replicas.
    pub(super) fn refuse(&mut self, now: u64, time: u64) {
        self.strain(now + time);
        let master = &mut self.instances[self.master];
        master.refuses_until = master.refuses_until.max(now + time);
        master.pause(now, time);
    }

    /// Something is of no use until then.
    pub(super) fn strain(&mut self, until: u64) {
        self.strained_until = self.strained_until.max(until);
    }

    /// Until when something was of no use.
    pub(super) fn strained_until(&self) -> u64 {
        self.strained_until
    }

    /// Its clock is set.
    pub(super) fn set_clock(&mut self, now: u64, skew: u64) {
        if self.instances[self.master].since + 5 * SECOND > now {
            // That may end the time of healing.
            self.strain(now);
        }
        let skew = if self.is_used(self.master) { skew } else { self.later(now, skew) };
        self.instances[self.master].skew = skew;
    }

    /// All is well with the one that serves.
    pub(super) fn heal(&mut self, now: u64) {
        if self.is_down() {
            self.revive(now, false);
        }
        let master = &mut self.instances[self.master];
        master.frozen_until = master.frozen_until.min(now);
        (master.full_until, master.refuses_until) = (0, 0);
        master.pause = master.pause.map(|(from, until)| (from, until.min(now)));
        for (index, instance) in self.instances.iter_mut().enumerate() {
            instance.is_up &= index == self.master;
        }
    }

    /// When an instance does what is asked: not before it goes on.
    pub(super) fn is_frozen(&self, now: u64, instance: usize) -> bool {
        self.instances[instance].frozen_until > now
    }

    pub(super) fn frozen_until(&self, instance: usize) -> u64 {
        self.instances[instance].frozen_until
    }

    /// The batch behind an index, in an instance.
    pub(super) fn batch_behind(&self, instance: usize, index: u64) -> Option<Batch> {
        self.instances[instance].state.batch_behind(index).map(|batch| (**batch).clone())
    }

    /// A new node attaches.
    pub(super) fn attach(&mut self, now: u64, instance: usize) -> Option<Answer> {
        let call = self.call(now, instance, 0);
        let instance = &mut self.instances[instance];
        if instance.refuses_until > now {
            return None;
        }
        let answer = instance.state.attach(call, None, 0);
        if let Answer::Attached(attached) = &answer {
            let served = instance.served(now);
            instance.renewed.insert(attached.node.0, served);
        }
        Some(answer)
    }

    /// A node asks an instance.
    pub(super) fn run(
        &mut self,
        now: u64,
        instance: usize,
        node: u64,
        request: &Request,
    ) -> Answer {
        let call = self.call(now, instance, node);
        let asked = &mut self.instances[instance];
        let makes_it_larger = matches!(
            request,
            Request::Append { .. } | Request::Restore { .. } | Request::Seed { .. }
        );
        if asked.refuses_until > now || (asked.full_until > now && makes_it_larger) {
            return Answer::Busy { why: "out of memory".to_owned() };
        }
        let mut answer = asked.state.run(call, request);
        if let (Request::Declare { lost, .. }, Answer::Done { .. }) = (request, &answer)
            && lost.0 != node
        {
            let renewed = asked.renewed.get(&lost.0).copied().unwrap_or(asked.since);
            let time = asked.served(now).saturating_sub(renewed);
            // As long as it takes to be sure that it is not there, whatever its lease says: the
            // engine may have been stopped meanwhile, or its clock set.
            assert!(time + MILLI >= 3 * SECOND, "a server is lost that was there {time} µs ago");
        }
        if !matches!(answer, Answer::Fenced | Answer::Detached | Answer::Stale) {
            let served = asked.served(now);
            asked.renewed.insert(node, served);
        }
        if let (Request::Attach { at, .. }, Answer::Attached(attached)) = (request, &mut answer)
            && self.broken == Some(Broken::Links)
        {
            self.hide_link(*at, &mut attached.tail);
        }
        self.note(instance);
        answer
    }

    fn call(&self, now: u64, instance: usize, node: u64) -> Call {
        let Instance { skew, run, since, is_promoted, .. } = self.instances[instance];
        let micros = now + skew;
        // The first one has been there before.
        let is_young = is_promoted || (run > 1 && since + 60 * SECOND > now);
        Call { now: micros / MILLI, micros, run, node, is_young, broken: self.broken }
    }

    /// Has somebody who has read up to `at` see its own link.
    fn hide_link(&self, at: Position, tail: &mut Position) {
        let chain = self.chain(at);
        if let Some(batch) = chain.iter().find(|batch| batch.index == tail.index) {
            tail.link = batch.link;
        }
    }

    /// Notes a batch that is new.
    fn note(&mut self, instance: usize) {
        let state = &self.instances[instance].state;
        let Some(tail) = state.tail.index.checked_sub(1) else { return };
        if let Some(batch) = state.batch_behind(tail) {
            let known = self.batches.entry(batch.link.0).or_insert_with(|| Rc::clone(batch));
            // It may have been appended to one that has lost it, and again to another one.
            assert_eq!(known.payload, batch.payload, "two batches with one link");
        }
    }

    /// All batches up to a link, oldest first.
    pub(super) fn chain(&self, position: Position) -> Vec<Rc<Batch>> {
        let (mut chain, mut link) = (Vec::new(), position.link.0);
        while link != 0 {
            let batch = &self.batches[&link];
            chain.push(Rc::clone(batch));
            link = batch.before.0;
        }
        chain.reverse();
        chain
    }
}
