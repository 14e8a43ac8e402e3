use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{Erasure, MessageId, Position};

use super::{Budget, LogEvent};

/// The newest events of the log, decoded, without a gap.
#[derive(Debug)]
pub(crate) struct Ring {
    held: Mutex<Held>,
    limits: Budget,
    /// Held by the task that extends the ring; others wait for it.
    pub(super) loading: tokio::sync::Mutex<()>,
    /// Number of statements that have read events.
    pub(super) reads: AtomicU64,
    /// Average size of an event in the last read, in bytes.
    pub(super) typical_bytes: AtomicUsize,
}

#[derive(Debug, Default)]
struct Held {
    events: VecDeque<Arc<LogEvent>>,
    bytes: usize,
    /// Events that this process appended beyond a gap, until those that other nodes appended within
    /// it are read.
    ahead: Vec<Arc<LogEvent>>,
    /// Rises when everything is dropped, so that a read that began before is not kept.
    generation: u64,
}

/// Where the events after a position can be found.
pub(super) enum Place {
    Held(Vec<Arc<LogEvent>>),
    /// Before the ring's first event: they were evicted, or never held.
    BeforeStart,
    /// The ring ends there or earlier.
    AfterEnd,
}

impl Default for Ring {
    fn default() -> Self {
        // In memory, a decoded event takes about three times its stored size.
        Self::new(Budget { events_max: 8_000, bytes_max: 16 << 20 })
    }
}

impl Ring {
    pub(crate) fn new(limits: Budget) -> Self {
        Self {
            held: Mutex::default(),
            limits,
            loading: tokio::sync::Mutex::default(),
            reads: AtomicU64::new(0),
            typical_bytes: AtomicUsize::new(1024),
        }
    }

    pub(super) fn events_max(&self) -> i64 {
        self.limits.events_max as i64
    }

    pub(super) fn after(&self, position: Position, budget: Budget) -> Place {
        let held = self.lock();
        let (Some(first), Some(last)) = (held.events.front(), held.events.back()) else {
            return Place::AfterEnd;
        };
        if position >= last.recorded.position {
            return Place::AfterEnd;
        }
        let Ok(start) = usize::try_from(position + 1 - first.recorded.position) else {
            return Place::BeforeStart;
        };
        let mut bytes = 0;
        let fits = |event: &&Arc<LogEvent>| {
            let is_first = bytes == 0;
            bytes += event.bytes;
            is_first || bytes <= budget.bytes_max
        };
        let events = held.events.range(start..).take(budget.events_max.max(1));
        Place::Held(events.take_while(fits).cloned().collect())
    }

    /// The position of the newest event, and the ring's generation.
    pub(super) fn end(&self) -> (Option<Position>, u64) {
        let held = self.lock();
        (held.end(), held.generation)
    }

    /// Adds what was read after `position`, unless the ring was cleared meanwhile.
    pub(super) fn extend(&self, position: Position, generation: u64, events: &[Arc<LogEvent>]) {
        let mut held = self.lock();
        if held.generation != generation {
            return;
        }
        if held.end().is_none_or(|end| end < position) {
            held.events.clear();
            held.bytes = 0;
        }
        held.go_on(events);
        let ahead = std::mem::take(&mut held.ahead);
        held.go_on(&ahead);
        held.ahead =
            ahead.into_iter().filter(|event| held.end() < Some(event.position())).collect();
        held.trim(self.limits);
    }

    /// Adds what this process has appended, unless the ring is still empty.
    pub(crate) fn appended(&self, events: Vec<Arc<LogEvent>>) {
        let mut held = self.lock();
        let (Some(first), Some(end)) = (events.first(), held.end()) else { return };
        if first.position() <= end.next() {
            held.go_on(&events);
            return held.trim(self.limits);
        }
        let goes_on =
            held.ahead.last().map(|last| last.position().next()) == Some(first.position());
        let bytes: usize = held.ahead.iter().chain(&events).map(|event| event.bytes).sum();
        let Budget { events_max, bytes_max } = self.limits;
        if !goes_on || held.ahead.len() >= events_max || bytes > bytes_max {
            held.ahead.clear();
        }
        held.ahead.extend(events);
    }

    /// Drops everything.
    pub(crate) fn clear(&self) {
        let mut held = self.lock();
        *held = Held { generation: held.generation + 1, ..Held::default() };
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize) {
        let held = self.lock();
        (held.events.len(), held.bytes)
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn end(&self) -> Option<Position> {
        self.events.back().map(|event| event.position())
    }

    /// Adds the events that directly follow the ring's end. Some may be in the ring already, read
    /// or appended by another task.
    fn go_on(&mut self, events: &[Arc<LogEvent>]) {
        for event in events {
            if self.end().is_none_or(|end| end.next() == event.position()) {
                self.bytes += event.bytes;
                self.events.push_back(event.clone());
            }
        }
        self.erase(events);
    }

    fn trim(&mut self, limits: Budget) {
        while self.events.len() > limits.events_max.max(1)
            || (self.bytes > limits.bytes_max && self.events.len() > 1)
        {
            let oldest = self.events.pop_front();
            self.bytes -= oldest.map_or(0, |event| event.bytes);
        }
    }

    /// Drops the private values that the new events erase: a follower that returns to an old
    /// position must not read here what the log itself can no longer show.
    fn erase(&mut self, new: &[Arc<LogEvent>]) {
        let (mut streams, mut messages) = (HashSet::new(), HashSet::<MessageId>::new());
        for event in new {
            match event.event.as_ref().ok().and_then(domain::Event::erases) {
                Some(Erasure::Stream) => {
                    streams.insert(event.recorded.aggregate_id);
                }
                Some(Erasure::Message(message)) => {
                    messages.insert(message);
                }
                None => {}
            }
        }
        if streams.is_empty() && messages.is_empty() {
            return;
        }
        for event in &mut self.events {
            let subject = event.event.as_ref().ok().and_then(domain::Event::subject);
            if streams.contains(&event.recorded.aggregate_id)
                || subject.is_some_and(|subject| messages.contains(&subject))
            {
                let erased = LogEvent::new(event.recorded.erased(), event.bytes);
                *event = Arc::new(erased);
            }
        }
    }
}

impl Ring {
    pub(super) fn count_read(&self, bytes: usize, events: usize) {
        self.reads.fetch_add(1, Ordering::Relaxed);
        if let Some(typical) = bytes.checked_div(events) {
            self.typical_bytes.store(typical.max(1), Ordering::Relaxed);
        }
    }
}
