//! Viewers that show the same share what it was encoded to: that is done once.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use super::delta::Delta;
use crate::render::Frame;

/// Deltas that are known at one time.
const MAX_DELTAS: usize = 512;

/// What the deltas of this moment were encoded to.
#[derive(Debug)]
pub struct Encoded<T>(VecDeque<Known<T>>);

#[derive(Debug)]
struct Known<T> {
    /// The frames it leads from and to. While these are here, no others have the same addresses.
    before: Option<Weak<Frame>>,
    after: Weak<Frame>,
    encoded: T,
}

impl<T> Default for Encoded<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T: Clone> Encoded<T> {
    /// What a delta is encoded to: what another viewer has, or something new.
    pub fn of(&mut self, delta: &Delta, encode: impl FnOnce(&Delta) -> T) -> T {
        self.0.retain(|known| known.after.strong_count() > 0);
        let same = |known: &&Known<T>| {
            std::ptr::eq(known.after.as_ptr(), Arc::as_ptr(&delta.after))
                && known.before.as_ref().map(Weak::as_ptr) == delta.before.as_ref().map(Arc::as_ptr)
        };
        if let Some(known) = self.0.iter().find(same) {
            return known.encoded.clone();
        }
        let encoded = encode(delta);
        if self.0.len() == MAX_DELTAS {
            self.0.pop_front();
        }
        let before = delta.before.as_ref().map(Arc::downgrade);
        self.0.push_back(Known { before, after: Arc::downgrade(&delta.after), encoded: encoded.clone() });
        encoded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::viewer::Frames;
    use crate::viewer::tests::{elsewhere, scene, viewer_of};

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
            encoded.of(&delta, |_| count += 1);
            deltas.push(delta);
        }
        assert_eq!(count, 1);
        let whole = Delta { before: None, ..deltas[0].clone() };
        encoded.of(&whole, |_| count += 1);
        assert_eq!(count, 2, "every cell is something else than what differs");
        drop((viewers, deltas, whole));
        assert!(frames.is_empty());
        encoded.0.retain(|known| known.after.strong_count() > 0);
        assert!(encoded.0.is_empty(), "what nobody shows is forgotten");
    }
}
