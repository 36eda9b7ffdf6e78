//! Viewers that see the same share one frame: it is drawn once.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use crate::render::{Frame, Ink, render};
use crate::view::audience::AudienceScene;
use crate::view::lens::Lens;
use crate::view::scene::Scene;

/// Frames that are known at one time.
const MAX_FRAMES: usize = 256;

/// The frames that viewers show now. Nothing is kept that nobody shows any more.
#[derive(Debug, Default)]
pub struct Frames(VecDeque<Drawn>);

/// A frame, and all that it was drawn from.
#[derive(Debug)]
struct Drawn {
    /// By which scene, not by what it holds. While this is here, no other scene has the same address.
    scene: Weak<Scene>,
    lens: Lens,
    ink: Ink,
    size: (u16, u16),
    frame: Weak<Frame>,
}

impl Frames {
    /// Whether nobody shows anything.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|drawn| drawn.frame.strong_count() == 0)
    }

    /// A frame of a scene through a lens in an ink at a size (columns, rows): the one that another viewer shows, or a
    /// new one. Two audiences that see all share one, too.
    pub fn frame(&mut self, seen: &AudienceScene, lens: &Lens, ink: &Ink, size: (u16, u16)) -> Arc<Frame> {
        let scene = seen.scene();
        self.0.retain(|drawn| drawn.frame.strong_count() > 0);
        let same = |drawn: &&Drawn| {
            std::ptr::eq(drawn.scene.as_ptr(), Arc::as_ptr(scene))
                && drawn.size == size
                && drawn.lens == *lens
                && drawn.ink == *ink
        };
        if let Some(frame) = self.0.iter().find(same).and_then(|drawn| drawn.frame.upgrade()) {
            return frame;
        }
        let frame = Arc::new(render(scene, lens, ink, size.0, size.1));
        if self.0.len() == MAX_FRAMES {
            self.0.pop_front();
        }
        let (lens, ink) = (lens.clone(), ink.clone());
        self.0.push_back(Drawn { scene: Arc::downgrade(scene), lens, ink, size, frame: Arc::downgrade(&frame) });
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::viewer::tests::{elsewhere, ink, scene};

    const SIZE: (u16, u16) = (40, 10);

    #[test]
    fn the_same_seen_twice_is_drawn_once() {
        let (mut frames, live, ink, lens) = (Frames::default(), elsewhere(scene(None)), ink(), Lens::default());
        let first = frames.frame(&live, &lens, &ink, SIZE);
        assert!(Arc::ptr_eq(&first, &frames.frame(&live, &lens, &ink, SIZE)));
        let help = Lens { help: Some(&[]), ..Lens::default() };
        let frozen = Lens { frozen: Some(Arc::clone(live.scene())), ..Lens::default() };
        let kept = [
            frames.frame(&elsewhere(scene(None)), &lens, &ink, SIZE),
            frames.frame(&live, &help, &ink, SIZE),
            frames.frame(&live, &frozen, &ink, SIZE),
            frames.frame(&live, &lens, &ink.dimmed(), SIZE),
            frames.frame(&live, &lens, &ink, (41, 10)),
        ];
        assert!(kept.iter().all(|other| !Arc::ptr_eq(&first, other)), "each of these sees something else");
        assert_eq!(frames.0.len(), 6);
    }

    #[test]
    fn what_nobody_shows_is_forgotten_and_the_rest_is_bounded() {
        let (mut frames, live, ink, lens) = (Frames::default(), elsewhere(scene(None)), ink(), Lens::default());
        drop(frames.frame(&live, &lens, &ink, SIZE));
        let shown: Vec<Arc<Frame>> =
            (0..MAX_FRAMES as u16 + 3).map(|n| frames.frame(&live, &lens, &ink, (20 + n, 5))).collect();
        assert_eq!((shown.len(), frames.0.len()), (MAX_FRAMES + 3, MAX_FRAMES));
    }
}
