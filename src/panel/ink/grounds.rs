//! What things stand on. A status is an area, not only a word: a panel that is critical is tinted as a whole, its
//! title bar and the tiles of a wall are filled. On each ground every role has a colour that can be read there.

use ratatui::style::{Color, Modifier, Style};

use super::contrast::{STEPS, contrast, legible_as, mix};
use super::depth::Depth;
use super::role::{ROLE_COUNT, ROLES, Role};
use crate::model::status::Status;

/// What roles stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ground {
    /// The ground of the whole screen.
    Plain,
    /// The area of a panel with a status.
    Tint(Status),
    /// A bar or a tile that says a status by its colour alone. That of ok is muted: what is well does not shine.
    Fill(Status),
    /// What is done of something that runs and was well before: stronger than what is well.
    Done,
}

impl Ground {
    const COUNT: usize = 10;
    const ALL: [Self; Self::COUNT] = {
        use Ground::{Done, Fill, Plain, Tint};
        use Status::{Critical, Ok, Unknown, Warning};
        [
            Plain,
            Tint(Ok),
            Tint(Warning),
            Tint(Critical),
            Tint(Unknown),
            Fill(Ok),
            Fill(Warning),
            Fill(Critical),
            Fill(Unknown),
            Done,
        ]
    };

    /// Its index in [`Self::ALL`].
    const fn index(self) -> usize {
        const fn of(status: Status) -> usize {
            match status {
                Status::Ok => 1,
                Status::Warning => 2,
                Status::Critical => 3,
                Status::Unknown => 4,
            }
        }
        match self {
            Self::Plain => 0,
            Self::Tint(status) => of(status),
            Self::Fill(status) => 4 + of(status),
            Self::Done => 9,
        }
    }

    /// How much of the status's colour is mixed into that of the screen.
    const fn part(self) -> f64 {
        match self {
            Self::Plain | Self::Tint(Status::Ok) => 0.0,
            Self::Done => 0.4,
            Self::Tint(Status::Unknown) => 0.07,
            Self::Tint(Status::Warning) => 0.12,
            Self::Fill(Status::Ok) => 0.18,
            Self::Tint(Status::Critical) => 0.2,
            Self::Fill(Status::Unknown) => 0.3,
            Self::Fill(Status::Warning | Status::Critical) => 1.0,
        }
    }

    const fn status(self) -> Option<Status> {
        match self {
            Self::Plain => None,
            Self::Done => Some(Status::Ok),
            Self::Tint(status) | Self::Fill(status) => Some(status),
        }
    }

    fn name(self) -> String {
        match self {
            Self::Plain => String::new(),
            Self::Done => " on done".to_owned(),
            Self::Tint(status) => format!(" on {} tint", status.word()),
            Self::Fill(status) => format!(" on {} fill", status.word()),
        }
    }
}

/// The styles of all roles on all grounds, and for which screen.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Grounds([[Style; ROLE_COUNT]; Ground::COUNT], Depth);

/// The contrast that is kept on every ground, where the theme has it on its own. Source: WCAG 2.1, 1.4.6 (AAA).
const LEAST_CONTRAST: f64 = 7.0;

impl Grounds {
    /// From the styles on the plain ground, for a screen of so many colours.
    pub(super) fn new(styles: [Style; ROLE_COUNT], depth: Depth) -> Self {
        let styles = if depth == Depth::Ansi16 { without_false_alarms(styles) } else { styles };
        Self(Ground::ALL.map(|ground| on(ground, styles, depth)), depth)
    }

    /// Whether there are colours between two others.
    pub(super) const fn has_shades(&self) -> bool {
        matches!(self.1, Depth::Ansi256 | Depth::True)
    }

    pub(super) const fn plain(&self) -> [Style; ROLE_COUNT] {
        let [plain, ..] = self.0;
        plain
    }

    pub(super) fn style(&self, ground: Ground, role: Role) -> Style {
        self.0.get(ground.index()).and_then(|styles| styles.get(role.index())).copied().unwrap_or_default()
    }

    /// Empty when no role looks like that.
    pub(super) fn name(&self, style: Style) -> String {
        let same = |known: Style| known.fg.unwrap_or_default() == style.fg.unwrap_or_default() && known.bg == style.bg;
        let named = |ground: Ground| {
            let roles = ROLES.iter().filter(move |(_, role)| same(self.style(ground, *role)));
            roles.map(|(name, _)| *name).collect::<Vec<_>>().join("|")
        };
        let grounds = Ground::ALL.into_iter().map(|ground| (ground, named(ground)));
        let mut found = grounds.filter(|(_, roles)| !roles.is_empty());
        found.next().map_or_else(String::new, |(ground, roles)| roles + &ground.name())
    }
}

/// With sixteen colours an orange line would be as red as what is critical: a series that would look like a status takes
/// another colour.
fn without_false_alarms(mut styles: [Style; ROLE_COUNT]) -> [Style; ROLE_COUNT] {
    const INSTEAD: [[u8; 3]; 3] = [[0, 205, 205], [205, 0, 205], [92, 92, 255]];
    let drawn = |style: Style| style.fg.and_then(rgb).map(|rgb| Depth::Ansi16.nearest(rgb));
    let statuses: Vec<Option<Color>> = [Role::Critical, Role::Warning]
        .into_iter()
        .filter_map(|role| styles.get(role.index()))
        .flat_map(|style| [style.fg, style.bg].map(|colour| drawn(Style { fg: colour, ..*style })))
        .collect();
    let mut instead = INSTEAD.into_iter().cycle();
    for style in styles.iter_mut().skip(Role::Series(0).index()) {
        let is_alarm = drawn(*style).is_some_and(|colour| statuses.contains(&Some(colour)));
        if is_alarm && let Some([r, g, b]) = instead.next() {
            style.fg = Some(Color::Rgb(r, g, b));
        }
    }
    styles
}

/// The styles of roles as they are on a ground.
fn on(ground: Ground, plain: [Style; ROLE_COUNT], depth: Depth) -> [Style; ROLE_COUNT] {
    let Some(status) = ground.status() else { return plain };
    let style = |role: Role| plain.get(role.index()).copied().unwrap_or_default();
    let (text, signal) = (style(Role::Text), style(status.into()));
    let screen = text.bg.and_then(rgb);
    // A role that is drawn as words on a ground of its own has its colour there.
    let signal = if signal.bg == text.bg { signal.fg } else { signal.bg };
    let Some(signal) = signal.and_then(rgb) else { return without_colours(ground, plain) };
    let colour = match (screen, ground.part()) {
        (_, 1.0) if status == Status::Critical => depth.ground(deep(signal), true, LEAST_CONTRAST),
        (_, 1.0) => depth.ground(readable(signal), true, LEAST_CONTRAST),
        // A screen of which nobody knows the colour cannot be tinted, nor can one that has no shades.
        (None, _) => return plain,
        (Some(_), _) if depth == Depth::Ansi16 => return plain,
        // Of few shades the nearest is a grey; what is critical is none.
        (Some(screen), part) => depth.ground(mix(screen, signal, part), status == Status::Critical, LEAST_CONTRAST),
    };
    plain.map(|style| {
        // What has a ground of its own keeps it.
        if style.bg != text.bg {
            return style;
        }
        let least = style.fg.and_then(rgb).zip(screen).map_or(LEAST_CONTRAST, |(fg, bg)| contrast(fg, bg));
        let fg = style.fg.and_then(rgb).unwrap_or(colour);
        let fg = legible_as(|fg| depth.drawn(fg), fg, colour, least.min(LEAST_CONTRAST));
        style.fg(Color::Rgb(fg[0], fg[1], fg[2])).bg(Color::Rgb(colour[0], colour[1], colour[2]))
    })
}

/// A colour as a ground for black or white words, whichever it is told from better: as near to them as they can be read,
/// because it must not be louder than what is critical.
fn readable(signal: [u8; 3]) -> [u8; 3] {
    let ends = [[0; 3], [255; 3]];
    let [words, away] = if contrast(ends[0], signal) >= contrast(ends[1], signal) { ends } else { [ends[1], ends[0]] };
    let part = |step: u8| f64::from(step) / f64::from(STEPS);
    let nearer = (0..=STEPS).rev().map(|step| mix(signal, words, part(step)));
    let farther = (0..=STEPS).map(|step| mix(signal, away, part(step)));
    nearer.chain(farther).find(|ground| contrast(words, *ground) >= LEAST_CONTRAST).unwrap_or(away)
}

/// A signal as a deep and saturated ground for white words: a large area of a pale red looks like no alarm.
fn deep(signal: [u8; 3]) -> [u8; 3] {
    let [r, g, b] = signal;
    let grey = f64::from(r.min(g).min(b)) * SATURATION;
    let pure = signal.map(|channel| f64::from(channel) - grey);
    let strongest = pure.iter().copied().fold(1.0, f64::max);
    let scaled = |step: u8| {
        let part = 1.0 - f64::from(step) / f64::from(STEPS);
        pure.map(|channel| (channel / strongest * 255.0 * part).round() as u8)
    };
    (0..=STEPS).map(scaled).find(|ground| contrast([255; 3], *ground) >= LEAST_CONTRAST).unwrap_or([0; 3])
}

/// How much of its grey a deep ground loses.
const SATURATION: f64 = 0.9;

/// Where there are no colours, weight and reversed words do it: all of them, however the role was.
fn without_colours(ground: Ground, plain: [Style; ROLE_COUNT]) -> [Style; ROLE_COUNT] {
    let all = Modifier::REVERSED | Modifier::DIM;
    plain.map(|style| match ground {
        Ground::Fill(Status::Critical) => style.remove_modifier(all).add_modifier(Modifier::REVERSED | Modifier::BOLD),
        Ground::Fill(Status::Warning) => style.remove_modifier(all).add_modifier(Modifier::UNDERLINED | Modifier::BOLD),
        Ground::Done => style.add_modifier(Modifier::REVERSED),
        Ground::Plain | Ground::Tint(_) | Ground::Fill(_) => style,
    })
}

fn rgb(colour: Color) -> Option<[u8; 3]> {
    let Color::Rgb(r, g, b) = colour else { return None };
    Some([r, g, b])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A theme of one colour for text and one for critical, which may stand on a ground of its own.
    fn grounds(critical: Style) -> Grounds {
        let mut styles = [Style::new().fg(Color::Rgb(220, 220, 220)).bg(Color::Rgb(10, 10, 10)); ROLE_COUNT];
        styles[Role::Critical.index()] = critical;
        Grounds::new(styles, Depth::True)
    }

    #[test]
    fn what_is_critical_fills_with_its_colour_wherever_the_theme_has_it() {
        let red = Color::Rgb(255, 80, 80);
        let as_words = grounds(Style::new().fg(red).bg(Color::Rgb(10, 10, 10)));
        let as_ground = grounds(Style::new().fg(Color::Rgb(255, 255, 255)).bg(red));
        for grounds in [as_words, as_ground] {
            let Some(Color::Rgb(r, g, b)) = grounds.style(Ground::Fill(Status::Critical), Role::Text).bg else {
                panic!()
            };
            assert!(r > 100 && g < 40 && b < 40, "{r} {g} {b} is no red");
        }
    }

    #[test]
    fn every_role_is_read_on_every_ground_as_well_as_on_its_own() {
        let theme = [0x5f_d3_8d, 0xff_c1_4d, 0xff_6b_6b, 0xa3_ae_bd, 0x8b_97_a8];
        let colour = |hex: u32| Color::Rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8);
        let mut styles = [Style::new().fg(colour(0xd5_dc_e6)).bg(colour(0x11_15_1c)); ROLE_COUNT];
        let roles = [Role::Ok, Role::Warning, Role::Critical, Role::Unknown, Role::Muted];
        for (role, hex) in roles.into_iter().zip(theme) {
            styles[role.index()] = styles[role.index()].fg(colour(hex));
        }
        for depth in [Depth::True, Depth::Ansi256, Depth::Ansi16] {
            let grounds = Grounds::new(styles, depth);
            let told = |ground: Ground, role: Role| {
                let style = grounds.style(ground, role);
                let [Some(fg), Some(bg)] = [style.fg, style.bg].map(|colour| colour.and_then(rgb)) else { panic!() };
                contrast(depth.drawn(fg), depth.drawn(bg))
            };
            for (ground, (name, role)) in Ground::ALL.into_iter().flat_map(|ground| ROLES.map(|role| (ground, role))) {
                // With few colours there may be no ground on which words reach more.
                let least = told(Ground::Plain, role).min(if depth == Depth::True { LEAST_CONTRAST } else { 4.5 });
                assert!(
                    told(ground, role) >= least - 0.01,
                    "{name} on {ground:?} with {depth:?}: {}",
                    told(ground, role)
                );
            }
        }
    }

    #[test]
    fn with_sixteen_colours_no_series_looks_like_an_alarm() {
        let colour = |[r, g, b]: [u8; 3]| Style::new().fg(Color::Rgb(r, g, b)).bg(Color::Rgb(10, 10, 10));
        let mut styles = [colour([220; 3]); ROLE_COUNT];
        styles[Role::Critical.index()] = colour([255, 80, 80]);
        styles[Role::Series(0).index()] = colour([242, 166, 90]);
        let drawn = |role| {
            let fg = Grounds::new(styles, Depth::Ansi16).style(Ground::Plain, role).fg.and_then(rgb).unwrap();
            Depth::Ansi16.nearest(fg)
        };
        assert_eq!([drawn(Role::Critical), drawn(Role::Series(0))], [9, 6].map(Color::Indexed));
    }

    #[test]
    fn each_ground_is_found_where_it_is_listed() {
        for (index, ground) in Ground::ALL.into_iter().enumerate() {
            assert_eq!(ground.index(), index, "{ground:?}");
        }
    }
}
