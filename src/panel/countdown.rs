//! How long it is until a moment: a release, the end of a sale, a day that all wait for.
//!
//! ```text
//!   ▄▀▀▀▄ ▄█    █      the time that is left, as large as there is room for
//!     ▄▄▀  █  ▄▀█
//!    until Thu 24 Dec 18:00
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ink::{Ink, Role};
use super::marks::{big_text, row, write};
use super::{Need, Panel, PanelInput, Room};
use crate::model::local_time::LocalTime;
use crate::model::time::{Span, Zone};

/// The panel.
#[derive(Debug)]
pub struct Countdown;

/// The keys of a countdown panel.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The moment, such as "2026-12-24" or "2026-12-24 18:00".
    pub to: LocalTime,
    /// Its time zone, such as `Europe/Berlin` (default: this machine's).
    #[serde(default)]
    pub timezone: Option<Zone>,
    /// What is said once it has come (default: how long ago it was).
    #[serde(default)]
    pub done: Option<String>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    /// With two units, and with one.
    words: [String; 2],
    caption: String,
}

impl Panel for Countdown {
    const VIEW: &'static str = "countdown";
    const SUMMARY: &'static str = "how long it is until a moment";
    const HISTORY: bool = false;
    const SOURCE: Need = Need::None;
    const ROOM: Room = Room::new((8, 1), (30, 5), (90, 12), 1);
    type Options = Options;
    type View = View;

    fn view(options: &Options, input: &PanelInput<'_>) -> View {
        let zone = options.timezone.as_ref().unwrap_or(input.zone);
        let Some(to) = options.to.in_zone(zone) else {
            return View { words: Default::default(), caption: "there is no such moment".to_owned() };
        };
        let when = to.since_at(input.now, zone);
        if to > input.now {
            // In whole minutes: nothing on a wall moves every second.
            let left = Span(input.now.age_at(to).0 / MINUTE * MINUTE).max(Span::seconds(1));
            let words = if left < Span(MINUTE) {
                ["< 1 min", "< 1 min"].map(str::to_owned)
            } else {
                [left.humane(), left.brief()]
            };
            return View { words, caption: format!("until {when}") };
        }
        let since = Span(to.age_at(input.now).0 / MINUTE * MINUTE);
        let words = match &options.done {
            Some(done) => [done.clone(), done.clone()],
            None => [format!("{} ago", since.humane()), format!("{} ago", since.brief())],
        };
        View { words, caption: format!("since {when}") }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        let [long, short] = &view.words;
        let fits = |words: &&String| big_text::centred_size(words, area, ink.glyphs).is_some();
        if let Some(words) = [long, short].into_iter().find(fits) {
            big_text::draw_centred(buffer, area, (words, &view.caption), ink);
            return;
        }
        let used = write(buffer, row(area, 0), 0, 0, long, ink.style(Role::Text));
        write(buffer, row(area, 0), used + 2, 0, &view.caption, ink.style(Role::Muted));
    }

    fn strip(view: &View) -> String {
        format!("{}  {}", view.words[0], view.caption)
    }
}

/// In milliseconds.
const MINUTE: i64 = 60_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::judgement::Content;
    use crate::model::time::Timestamp;

    #[test]
    fn it_counts_down_and_then_up() {
        let zone = Zone::utc();
        let words = |at: &str, done: Option<&str>| {
            let options =
                Options { to: "2026-12-24 18:00".parse().unwrap(), timezone: None, done: done.map(str::to_owned) };
            let now = Timestamp::of_rfc3339(Some(at)).unwrap();
            Countdown::strip(&Countdown::view(&options, &PanelInput::alone(Content::Nothing, now, &zone)))
        };
        assert_eq!(words("2026-12-23T16:30:00Z", None), "1 d 1 h  until Thu 24 Dec 18:00");
        assert_eq!(words("2026-12-24T17:59:30Z", None), "< 1 min  until 18:00");
        assert_eq!(words("2026-12-24T21:15:30Z", None), "3 h 15 min ago  since 18:00");
        assert_eq!(words("2026-12-25T00:00:00Z", Some("live")), "live  since Thu 24 Dec 18:00");
    }
}
