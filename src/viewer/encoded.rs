//! Viewers that show the same share what it was encoded to: that is done once.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use super::delta::Delta;
use crate::render::Frame;

/// Deltas that are known at one time, and the bytes that they were encoded to.
const MAX_DELTAS: usize = 512;
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// What the deltas of this moment were encoded to.
#[derive(Debug)]
pub struct Encoded<T> {
    all: VecDeque<Known<T>>,
    most_bytes: usize,
}

#[derive(Debug)]
struct Known<T> {
    /// The frames it leads from and to. While these are here, no others have the same addresses.
    before: Option<Weak<Frame>>,
    after: Weak<Frame>,
    encoded: T,
}

impl<T> Default for Encoded<T> {
    fn default() -> Self {
        Self { all: VecDeque::new(), most_bytes: MAX_BYTES }
    }
}

impl<T: Clone + AsRef<[u8]>> Encoded<T> {
    /// What a delta is encoded to: what another viewer has, or something new.
    pub fn of(&mut self, delta: &Delta, encode: impl FnOnce(&Delta) -> T) -> T {
        self.all.retain(|known| known.after.strong_count() > 0);
        let same = |known: &&Known<T>| {
            std::ptr::eq(known.after.as_ptr(), Arc::as_ptr(&delta.after))
                && known.before.as_ref().map(Weak::as_ptr) == delta.before.as_ref().map(Arc::as_ptr)
        };
        if let Some(known) = self.all.iter().find(same) {
            return known.encoded.clone();
        }
        let encoded = encode(delta);
        let mut bytes: usize = self.all.iter().map(|known| known.encoded.as_ref().len()).sum();
        bytes += encoded.as_ref().len();
        while self.all.len() == MAX_DELTAS || bytes > self.most_bytes {
            let Some(oldest) = self.all.pop_front() else { return encoded };
            bytes -= oldest.encoded.as_ref().len();
        }
        let before = delta.before.as_ref().map(Arc::downgrade);
        self.all.push_back(Known { before, after: Arc::downgrade(&delta.after), encoded: encoded.clone() });
        encoded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::viewer::Frames;
    use crate::viewer::tests::{elsewhere, scene, viewer_of};

    /// Five bytes, counted.
    fn text(count: &mut usize) -> &'static str {
        *count += 1;
        "bytes"
    }

    #[test]
    fn what_is_known_has_no_more_bytes_than_it_may_have() {
        let (mut frames, mut count) = (Frames::default(), 0);
        let mut encoded = Encoded { all: VecDeque::new(), most_bytes: 12 };
        let mut draw = |second: u64| viewer_of(elsewhere(scene(Some(second)))).draw(&mut frames).unwrap();
        let deltas: Vec<Delta> = (0..3).map(&mut draw).collect();
        for delta in &deltas {
            encoded.of(delta, |_| text(&mut count));
        }
        assert_eq!((encoded.all.len(), count), (2, 3));
        encoded.of(&deltas[2], |_| text(&mut count));
        encoded.of(&deltas[0], |_| text(&mut count));
        assert_eq!((encoded.all.len(), count), (2, 4), "the oldest was forgotten");
        let large = draw(9);
        assert_eq!(encoded.of(&large, |_| "more than there may be").len(), 22, "it is sent, and not kept");
        assert!(encoded.all.is_empty());
    }

    #[test]
    fn one_way_from_one_frame_to_another_is_encoded_once() {
        let (mut encoded, mut frames, mut count) = (Encoded::default(), Frames::default(), 0);
        let first = elsewhere(scene(None));
        let mut viewers = [viewer_of(first.clone()), viewer_of(first)];
        for viewer in &mut viewers {
            assert!(viewer.draw(&mut frames).is_some());
        }
        let next = elsewhere(scene(Some(1)));
        let mut deltas = Vec::new();
        for viewer in &mut viewers {
            viewer.scene(next.clone(), std::time::Duration::ZERO);
            let delta = viewer.draw(&mut frames).unwrap();
            encoded.of(&delta, |_| text(&mut count));
            deltas.push(delta);
        }
        assert_eq!(count, 1);
        let whole = Delta { before: None, ..deltas[0].clone() };
        encoded.of(&whole, |_| text(&mut count));
        assert_eq!(count, 2, "every cell is something else than what differs");
        drop((viewers, deltas, whole));
        assert!(frames.is_empty());
        encoded.all.retain(|known| known.after.strong_count() > 0);
        assert!(encoded.all.is_empty(), "what nobody shows is forgotten");
    }
}
