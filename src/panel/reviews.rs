//! Reviews that wait: the oldest first, drafts last.
//!
//! ```text
//! 14 open (2 drafts), oldest 9 d · review lead time median 1 d 4 h (last 32 merged)
//! ▲ 9 d old  #12  Move the basket to its own table     shop  review  ada, bob  340 lines
//!   4 h      #31  Say which coupon is wrong            mail  merge   cyd        12 lines
//!   12 more
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

use super::ink::{Ink, Role};
use super::marks::{columns, row, write, write_right};
use super::{Need, Panel, PanelInput, Room, Shape};
use crate::eval::delivery::median;
use crate::model::judgement::Content;
use crate::model::layer::Layer;
use crate::model::review::{Review, WaitsFor};
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};

/// The age from which a review is old, unless the board has another.
const OLD: Span = Span::seconds(3 * 86_400);
/// Names of people shown of one review.
const MAX_NAMES: usize = 2;
/// Between two columns.
const SPACE: u16 = 2;
/// The least that a title is given before other columns are.
const TITLE: u16 = 16;
/// Widest a label grows.
const LABEL: u16 = 8;

/// The panel.
#[derive(Debug)]
pub struct Reviews;

/// The keys of a reviews panel.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// The age from which a review is marked as old (default "3d"); a draft never is.
    pub old: Option<Span>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct View {
    headline: Vec<String>,
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Line {
    age: String,
    is_old: bool,
    is_draft: bool,
    label: SafeText,
    title: SafeText,
    repository: String,
    waits_for: &'static str,
    names: String,
    size: String,
}

impl Line {
    fn from_review(review: &Review, old: Span, now: Timestamp) -> Self {
        let age = review.opened_at.age_at(now);
        let is_draft = review.waits_for == WaitsFor::Draft;
        let is_old = age >= old && !is_draft;
        Self {
            age: if is_old { format!("{} old", age.brief()) } else { age.brief() },
            is_old,
            is_draft,
            label: review.label.clone(),
            title: review.title.clone(),
            repository: review.repository.to_string(),
            waits_for: review.waits_for.word(),
            names: names(review),
            size: review.size.map_or_else(String::new, size_words),
        }
    }

    fn repository(&self) -> &str {
        &self.repository
    }

    fn waits_for(&self) -> &str {
        self.waits_for
    }

    fn names(&self) -> &str {
        &self.names
    }

    fn size(&self) -> &str {
        &self.size
    }
}

/// A column behind the title.
struct Column {
    text: fn(&Line) -> &str,
    widest: u16,
    is_number: bool,
}

/// In the order they are drawn.
static COLUMNS: [Column; 4] = [
    Column { text: Line::repository, widest: 24, is_number: false },
    Column { text: Line::waits_for, widest: 8, is_number: false },
    Column { text: Line::names, widest: 24, is_number: false },
    Column { text: Line::size, widest: 12, is_number: true },
];
/// Indices in [`COLUMNS`]: where not all of them fit, these come first.
const WEIGHTIEST_FIRST: [usize; 4] = [1, 2, 0, 3];

impl Panel for Reviews {
    const VIEW: &'static str = "reviews";
    const SUMMARY: &'static str = "pull and merge requests that wait: the oldest first, and for whom";
    const HISTORY: bool = false;
    const SOURCE: Need = Need::Needed;
    const TAKES: Option<Shape> = Some(Shape::Reviews);
    const LAYER: Layer = Layer::Pipeline;
    const ROOM: Room = Room::new((24, 2), (64, 8), (140, 40), 4);
    type Options = Options;
    type View = View;

    fn view(options: &Options, input: &PanelInput<'_>) -> View {
        let Content::Reviews(reviews) = &input.content else { return View::default() };
        let mut open: Vec<&Review> = reviews.iter().copied().filter(|review| review.merged_at.is_none()).collect();
        open.sort_by_key(|review| (review.waits_for == WaitsFor::Draft, review.opened_at));
        let old = options.old.unwrap_or(OLD);
        let mut lines: Vec<Line> = open.iter().map(|review| Line::from_review(review, old, input.now)).collect();
        if let Some(first) = lines.first().map(|line| line.repository.clone())
            && lines.iter().all(|line| line.repository == first)
        {
            for line in &mut lines {
                line.repository.clear();
            }
        }
        let mut headline = vec![open_words(&open, input.now)];
        let times: Vec<Span> = reviews.iter().copied().filter_map(Review::lead_time).collect();
        let merged = times.len();
        if let Some(time) = median(times.into_iter()) {
            headline.push(format!("review lead time median {} (last {merged} merged)", time.humane()));
        }
        View { headline, lines }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        let muted = ink.style(Role::Muted);
        write(buffer, row(area, 0), 0, 0, &view.headline.join(ink.glyphs.dot()), muted);
        let room = usize::from(area.height.saturating_sub(1));
        // A single one is worth more than their number, which the headline has.
        let shown = if view.lines.len() > room && room > 1 { room - 1 } else { view.lines.len().min(room) };
        let plan = Plan::new(view, area.width);
        for (n, line) in view.lines.iter().take(shown).enumerate() {
            plan.draw(line, row(area, n as u16 + 1), buffer, ink);
        }
        let rest = view.lines.get(shown..).unwrap_or_default();
        if !rest.is_empty() && room > 1 {
            let old = rest.iter().filter(|line| line.is_old).count();
            let old = if old > 0 { format!(", {old} of them old") } else { String::new() };
            write(buffer, row(area, area.height - 1), 2, 0, &format!("{} more{old}", rest.len()), muted);
        }
    }

    fn room(view: &View) -> Room {
        Self::ROOM.for_rows(view.lines.len() + 1, (1, 1))
    }

    fn strip(view: &View) -> String {
        view.headline.first().cloned().unwrap_or_default()
    }
}

/// "14 open (2 drafts), oldest 9 d"; of open ones, drafts last. A draft waits for nobody, so that its age
/// counts only where there is nothing else.
fn open_words(open: &[&Review], now: Timestamp) -> String {
    let Some(oldest) = open.first() else { return "no open reviews".to_owned() };
    let drafts = match open.iter().filter(|review| review.waits_for == WaitsFor::Draft).count() {
        0 => String::new(),
        1 => " (1 draft)".to_owned(),
        many => format!(" ({many} drafts)"),
    };
    format!("{} open{drafts}, oldest {}", open.len(), oldest.opened_at.age_at(now).brief())
}

fn size_words(lines: u64) -> String {
    if lines == 1 { "1 line".to_owned() } else { format!("{lines} lines") }
}

/// Whom it waits for, where the board asks for names: "ada, bob +2".
fn names(review: &Review) -> String {
    let all: Vec<&str> = match review.waits_for {
        WaitsFor::Reviewer => review.reviewers.iter().map(SafeText::as_str).collect(),
        WaitsFor::Author | WaitsFor::Merge | WaitsFor::Draft => review.author.iter().map(SafeText::as_str).collect(),
        WaitsFor::Checks => Vec::new(),
    };
    let first = all.iter().take(MAX_NAMES).copied().collect::<Vec<_>>().join(", ");
    let more = all.len().saturating_sub(MAX_NAMES);
    if more > 0 { format!("{first} +{more}") } else { first }
}

/// The widths of the columns; 0 for one that has no room, or nothing in it.
#[derive(Debug, PartialEq)]
struct Plan {
    age: u16,
    label: u16,
    title: u16,
    behind: [u16; 4],
}

fn widest(lines: &[Line], width: impl Fn(&Line) -> usize) -> u16 {
    lines.iter().map(width).max().unwrap_or(0).min(usize::from(u16::MAX)) as u16
}

impl Plan {
    fn new(view: &View, width: u16) -> Self {
        let lines = &view.lines;
        let age = widest(lines, |line| line.age.width());
        let label = widest(lines, |line| line.label.width()).min(LABEL);
        let used = 2 + age + SPACE + if label > 0 { label + SPACE } else { 0 };
        let mut left = width.saturating_sub(used);
        let mut behind = [0; 4];
        for index in WEIGHTIEST_FIRST {
            let (Some(column), Some(planned)) = (COLUMNS.get(index), behind.get_mut(index)) else { continue };
            let wanted = widest(lines, |line| (column.text)(line).width()).min(column.widest);
            if left < TITLE + SPACE + wanted {
                break;
            }
            if wanted > 0 {
                *planned = wanted;
                left -= SPACE + wanted;
            }
        }
        let title = widest(lines, |line| line.title.width()).min(left);
        Self { age, label, title, behind }
    }

    fn draw(&self, line: &Line, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        let muted = ink.style(Role::Muted);
        let age_style = if line.is_old { ink.style(Role::Warning) } else { muted };
        if line.is_old {
            write(buffer, area, 0, 0, ink.lamp(Status::Warning), age_style);
        }
        write(buffer, columns(area, 2, self.age), 0, 0, &line.age, age_style);
        let mut x = 2 + self.age + SPACE;
        if self.label > 0 {
            write(buffer, columns(area, x, self.label), 0, 0, line.label.as_str(), muted);
            x += self.label + SPACE;
        }
        let title_style = if line.is_draft { muted } else { ink.style(Role::Text) };
        write(buffer, columns(area, x, self.title), 0, 0, line.title.as_str(), title_style);
        x += self.title;
        for (column, width) in COLUMNS.iter().zip(self.behind).filter(|(_, width)| *width > 0) {
            let field = columns(area, x + SPACE, width);
            let text = (column.text)(line);
            if column.is_number {
                write_right(buffer, field, 0, text, muted);
            } else {
                write(buffer, field, 0, 0, text, muted);
            }
            x += SPACE + width;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Zone;

    const HOUR: i64 = 3_600_000;
    const NOW: Timestamp = Timestamp(10_000 * HOUR);

    fn review(label: &str, hours: i64, waits_for: WaitsFor) -> Review {
        Review {
            label: label.into(),
            title: format!("About {label}").into(),
            repository: "shop".into(),
            opened_at: Timestamp(NOW.0 - hours * HOUR),
            merged_at: None,
            waits_for,
            size: Some(340),
            author: Some("cyd".into()),
            reviewers: vec!["ada".into(), "bob".into(), "eve".into()],
            url: None,
        }
    }

    fn merged(hours: i64) -> Review {
        Review { merged_at: Some(NOW), ..review("#1", hours, WaitsFor::Merge) }
    }

    fn view(reviews: &[Review]) -> View {
        let zone = Zone::utc();
        let input = PanelInput::alone(Content::Reviews(reviews.iter().collect()), NOW, &zone);
        Reviews::view(&Options::default(), &input)
    }

    #[test]
    fn the_oldest_comes_first_and_drafts_last() {
        let view = view(&[
            review("#3", 4, WaitsFor::Merge),
            review("#2", 500, WaitsFor::Draft),
            review("#1", 80, WaitsFor::Reviewer),
            merged(28),
        ]);
        let labels: Vec<&str> = view.lines.iter().map(|line| line.label.as_str()).collect();
        assert_eq!(labels, ["#1", "#3", "#2"]);
        let ages: Vec<&str> = view.lines.iter().map(|line| line.age.as_str()).collect();
        assert_eq!(ages, ["3 d old", "4 h", "20 d"], "a draft may take its time");
        assert_eq!(Reviews::strip(&view), "3 open (1 draft), oldest 3 d");
        assert_eq!(view.headline[1], "review lead time median 1 d 4 h (last 1 merged)");
        assert!(view.lines.iter().all(|line| line.repository.is_empty()), "all of one repository");
    }

    #[test]
    fn who_has_to_do_something_is_named() {
        let names_for = |waits_for| names(&review("#1", 1, waits_for));
        assert_eq!(names_for(WaitsFor::Reviewer), "ada, bob +1");
        assert_eq!(names_for(WaitsFor::Author), "cyd");
        assert_eq!(names_for(WaitsFor::Checks), "");
        assert_eq!(names(&review("#1", 1, WaitsFor::Reviewer).without_people()), "");
    }

    #[test]
    fn columns_give_way_before_the_title_does() {
        let view = view(&[review("#1", 1, WaitsFor::Reviewer)]);
        // Two free, age 3, label 2, title 8, review 6, names 11, lines 9; the repository says nothing.
        assert_eq!(Plan::new(&view, 80), Plan { age: 3, label: 2, title: 8, behind: [0, 6, 11, 9] });
        assert_eq!(Plan::new(&view, 50).behind, [0, 6, 11, 0]);
        assert_eq!(Plan::new(&view, 36).behind, [0, 6, 0, 0]);
        assert_eq!(Plan::new(&view, 14), Plan { age: 3, label: 2, title: 3, behind: [0; 4] });
    }

    #[test]
    fn nothing_open_is_said() {
        assert_eq!(Reviews::strip(&view(&[])), "no open reviews");
        assert_eq!(
            view(&[merged(2), merged(4)]).headline,
            ["no open reviews", "review lead time median 3 h (last 2 merged)"]
        );
    }
}
