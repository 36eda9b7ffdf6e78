//! A scene as one audience may see it. Viewers draw nothing else, and nothing else is made into a frame for them.

use std::sync::Arc;

use super::build;
use super::scene::Scene;
use crate::config::Board;
use crate::eval::judging::Verdicts;
use crate::model::audience::{Audience, Detail};
use crate::model::time::{Timestamp, Zone};

/// One scene for each audience of a board, of one moment.
pub type Cuts = Arc<[AudienceScene]>;

/// What an audience sees that does not see all: made of verdicts that were cut for it, and of nothing else.
#[derive(Debug)]
pub struct Cut {
    audience: Arc<Audience>,
    /// None of one that sees all.
    part: Option<Scene>,
}

impl Cut {
    /// What is left of a board for an audience.
    pub fn new(audience: &Arc<Audience>, board: &Board, verdicts: &Verdicts<'_>, now: Timestamp, zone: &Zone) -> Self {
        let part = (!audience.sees_all()).then(|| {
            let seen = verdicts.seen_by(audience, now, zone);
            // A bell may be rung for what it does not see.
            let mut scene = Scene { ring: None, banner: None, ..build::scene(board, seen, now, zone).0 };
            if audience.detail == Detail::Public {
                let panels = scene.pages.iter_mut().chain(&mut scene.overview).flat_map(|page| &mut page.panels);
                panels.for_each(|panel| panel.link = None);
            }
            scene
        });
        Self { audience: Arc::clone(audience), part }
    }

    /// The scene of this audience, where `whole` is that of those who see all.
    pub fn of(self, whole: &Arc<Scene>) -> AudienceScene {
        let Self { audience, part } = self;
        AudienceScene { scene: part.map_or_else(|| Arc::clone(whole), Arc::new), audience }
    }
}

/// A scene, cut for an audience. There are two ways to one: [`AudienceScene::local`], and a [`Cut`].
#[derive(Debug, Clone, PartialEq)]
pub struct AudienceScene {
    scene: Arc<Scene>,
    audience: Arc<Audience>,
}

impl AudienceScene {
    /// For the terminal that the board was started on: whoever sits there has the board's file.
    pub fn local(scene: Arc<Scene>) -> Self {
        Self { scene, audience: Arc::new(Audience::local()) }
    }

    /// For those who work with the board, and see all of it.
    #[cfg(test)]
    pub(crate) fn of_team(scene: Arc<Scene>) -> Self {
        Self { scene, audience: Arc::new(Audience::team()) }
    }

    /// For those who may look, and nothing besides.
    #[cfg(test)]
    pub(crate) fn of_onlookers(scene: Arc<Scene>) -> Self {
        Self { scene, audience: Arc::new(Audience { permissions: Vec::new(), ..Audience::team() }) }
    }

    /// The scene itself.
    pub const fn scene(&self) -> &Arc<Scene> {
        &self.scene
    }

    /// For whom it is.
    pub const fn audience(&self) -> &Arc<Audience> {
        &self.audience
    }
}
