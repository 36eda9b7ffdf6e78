//! What drawing draws with: roles resolved to styles, and a glyph set.

mod contrast;
mod depth;
mod glyphs;
mod grounds;
mod role;

use std::sync::Arc;

use ratatui::style::{Color, Modifier, Style};

use crate::model::inspection::Inspection;
use crate::model::status::Status;
use crate::model::time::Timestamp;
pub use contrast::{contrast, legible, mix};
pub use depth::Depth;
pub use glyphs::{Glyphs, TreeStrokes};
pub use grounds::Ground;
use grounds::Grounds;
pub use role::{ROLE_COUNT, ROLES, Role};

/// Styles for roles, and glyphs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ink {
    grounds: Arc<Grounds>,
    /// What is drawn stands on this.
    ground: Ground,
    /// The glyph set.
    pub glyphs: Glyphs,
    /// Whether values are dimmed, because they are too old.
    pub dimmed: bool,
    /// The moment that the viewer points at, on a panel that shows the past.
    pub cursor: Option<Timestamp>,
    /// How many lines of a list the viewer has scrolled past, on a panel that is a list.
    pub scroll: usize,
    /// How the viewer looks through it, on a panel that is a long list.
    pub inspection: Option<Arc<Inspection>>,
    /// How many entries have come since the picture was frozen.
    pub newer: usize,
}

impl Ink {
    /// From one style a role, in the order of [`ROLES`]; nothing is dimmed or pointed at.
    pub fn new(styles: [Style; ROLE_COUNT], glyphs: Glyphs) -> Self {
        let grounds = Arc::new(Grounds::new(styles, Depth::True));
        Self {
            grounds,
            ground: Ground::Plain,
            glyphs,
            dimmed: false,
            cursor: None,
            scroll: 0,
            inspection: None,
            newer: 0,
        }
    }

    /// The same ink for a screen with so many colours.
    #[must_use]
    pub fn with_depth(self, depth: Depth) -> Self {
        Self { grounds: Arc::new(Grounds::new(self.grounds.plain(), depth)), ..self }
    }

    /// The same ink for what stands on another ground.
    #[must_use]
    pub fn on(&self, ground: Ground) -> Self {
        Self { ground, ..self.clone() }
    }

    /// The same ink for a panel on which a viewer points at a moment, or has scrolled.
    #[must_use]
    pub fn pointing(&self, cursor: Option<Timestamp>, scroll: usize) -> Self {
        Self { cursor, scroll, ..self.clone() }
    }

    /// The same ink for a panel to which so many entries have come since the picture was frozen.
    #[must_use]
    pub const fn held(mut self, newer: usize) -> Self {
        self.newer = newer;
        self
    }

    /// The same ink for a long list that a viewer looks through.
    #[must_use]
    pub fn inspecting(&self, inspection: &Inspection) -> Self {
        Self { inspection: Some(Arc::new(inspection.clone())), ..self.clone() }
    }

    /// Whether what is drawn stands on the ground of the whole screen.
    pub fn is_on_plain_ground(&self) -> bool {
        self.ground == Ground::Plain
    }

    /// Whether a screen shows the tint of a status as a colour of its own: without colours it cannot.
    pub fn is_tinted(&self, status: Status) -> bool {
        let ground = |ground| self.grounds.style(ground, Role::Text).bg;
        ground(Ground::Tint(status)) != ground(Ground::Plain)
    }

    /// The style of a role. On a dimmed panel data looks like what may be overlooked.
    pub fn style(&self, role: Role) -> Style {
        let dims = !matches!(role, Role::Title | Role::Border | Role::Focus | Role::Unknown | Role::Muted);
        let role = if self.dimmed && dims { Role::Muted } else { role };
        self.grounds.style(self.ground, role)
    }

    /// What a style stands for: "critical", "text on critical fill"; empty when it is of no role.
    pub fn name(&self, style: Style) -> String {
        self.grounds.name(style)
    }

    /// The style of a line or a bar: a role that is drawn as words on a ground of its own, or reversed,
    /// gives its ground's colour to the stroke.
    pub fn stroke(&self, role: Role) -> Style {
        if matches!(self.ground, Ground::Fill(_) | Ground::Done) {
            return self.style(role);
        }
        let (style, ground) = (self.style(role), self.style(Role::Text).bg);
        let style = style.remove_modifier(Modifier::REVERSED);
        if style.bg == ground { style } else { Style { fg: style.bg, bg: ground, ..style } }
    }

    /// Whether a screen has shades between the colour of a line and that of the ground: those of sixteen colours, and the
    /// terminal's own, have none.
    pub fn has_shades(&self) -> bool {
        self.shade(Role::Text, 0.5) != self.stroke(Role::Text)
    }

    /// A quieter shade of a stroke: mixed with the ground, `part` from 0 (the stroke) to 1 (the ground).
    /// Where there are no shades it is the stroke itself.
    pub fn shade(&self, role: Role, part: f64) -> Style {
        let style = self.stroke(role);
        if !self.grounds.has_shades() {
            return style;
        }
        let (Some(Color::Rgb(r, g, b)), Some(Color::Rgb(x, y, z))) = (style.fg, style.bg) else { return style };
        let [r, g, b] = mix([r, g, b], [x, y, z], part);
        style.fg(Color::Rgb(r, g, b))
    }

    /// The style of a value: its status where it is not ok, else plain text.
    pub fn value(&self, status: Status) -> Style {
        self.style(if status == Status::Ok { Role::Text } else { status.into() })
    }

    /// Which colour the line of a series has, by its index among them, and which pattern: no two lines of the
    /// first dozens look alike, also where a theme has few colours or none.
    pub fn series(&self, index: usize, patterns: u8) -> (Role, u8) {
        let role = |index: usize| Role::Series((index % 8) as u8);
        let alike = (0..index).filter(|before| self.style(role(*before)) == self.style(role(index))).count();
        (role(index), (alike % usize::from(patterns.max(1))) as u8)
    }

    /// The lamp of a status. Data too old to be judged has no green lamp, and no red one.
    pub const fn lamp(&self, status: Status) -> &'static str {
        self.glyphs.status(if self.dimmed { Status::Unknown } else { status })
    }

    /// The same ink with data dimmed.
    #[must_use]
    pub fn dimmed(&self) -> Self {
        Self { dimmed: true, ..self.clone() }
    }
}
