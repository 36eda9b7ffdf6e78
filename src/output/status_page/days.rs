//! The past days of a component: a bar for each, how much of them it was up, and those that were not well, in words.

use crate::model::status_time::{StatusTime, uptime};
use crate::model::time::{Span, Zone};

/// What a bar of one day takes, and how high it is.
const BAR: [usize; 2] = [6, 28];
/// A day of which less is known was not well all day.
const MOST_OF_A_DAY: f64 = 0.9;

/// The bars, as HTML.
pub(super) fn draw(days: &[StatusTime]) -> String {
    let [step, height] = BAR;
    let bars: String = days.iter().enumerate().map(|(index, day)| bar(index * step, day)).collect();
    let words = share(days);
    format!(
        "<svg class=\"days\" viewBox=\"0 0 {} {height}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{words}\">\n{bars}</svg>\n\
         <div class=\"row small\"><span>{words}</span> <span>today</span></div>\n{}",
        days.len() * step,
        bad_days(days)
    )
}

/// "99.95 % up in 90 days"; where much of them is not known, of how much it is.
fn share(days: &[StatusTime]) -> String {
    let all = if days.len() == 1 { "1 day".to_owned() } else { format!("{} days", days.len()) };
    let Some(share) = uptime(days) else { return format!("nothing is known of {all}") };
    let known: i64 = days.iter().map(|day| i64::from(day.known())).sum();
    let share = percent(share);
    if is_most(days) {
        format!("{share} up in {all}")
    } else {
        format!("{share} up in the {} known of {all}", Span::seconds(known).brief())
    }
}

/// Whether nearly all of some time is known.
fn is_most(days: &[StatusTime]) -> bool {
    let known: f64 = days.iter().map(|day| f64::from(day.known())).sum();
    let unknown: f64 = days.iter().map(|day| f64::from(day.unknown) + f64::from(day.not_watched)).sum();
    known >= (known + unknown) * MOST_OF_A_DAY
}

/// How a day was, the word of its colour.
fn class(day: &StatusTime) -> &'static str {
    match () {
        () if day.critical > 0 => "critical",
        () if day.warning > 0 => "warning",
        () if day.ok > 0 && is_most(std::slice::from_ref(day)) => "ok",
        () => "unknown",
    }
}

fn bar(x: usize, day: &StatusTime) -> String {
    let [step, height] = BAR;
    let class = class(day);
    // Whoever does not see colours sees how high it is.
    let top = match class {
        "critical" => 0,
        "warning" => height / 7,
        "ok" => height * 2 / 7,
        _ => height * 5 / 7,
    };
    format!(
        "<rect class=\"{class}\" x=\"{x}\" y=\"{top}\" width=\"{}\" height=\"{}\"><title>{}</title></rect>\n",
        step - 2,
        height - top,
        said(day)
    )
}

/// "Fri 3 Sep: 99.53 % up, 7 min down".
fn said(day: &StatusTime) -> String {
    let date = day.at.day(&Zone::utc());
    let Some(share) = uptime(std::slice::from_ref(day)).map(percent) else {
        return format!("{date}: nothing is known");
    };
    let parts = [(day.critical, "down"), (day.warning, "degraded"), (day.unknown + day.not_watched, "not known")];
    let parts = parts.into_iter().filter(|(seconds, _)| *seconds > 0);
    let parts: Vec<String> = parts.map(|(seconds, words)| format!(", {} min {words}", seconds.div_ceil(60))).collect();
    format!("{date}: {share} up{}", parts.concat())
}

/// The days with an outage or a warning, for who cannot point at a bar.
fn bad_days(days: &[StatusTime]) -> String {
    let is_bad = |day: &&StatusTime| day.critical > 0 || day.warning > 0;
    let bad: Vec<String> = days.iter().rev().filter(is_bad).map(|day| format!("<li>{}</li>\n", said(day))).collect();
    if bad.is_empty() {
        return String::new();
    }
    let bad = bad.concat();
    format!("<details class=\"small\"><summary>Days that were not all well</summary>\n<ul>\n{bad}</ul>\n</details>\n")
}

/// "99.95 %": never rounded up, so that only what never failed has a hundred.
fn percent(share: f64) -> String {
    let hundredths = (share * 10_000.0 + 1e-6).floor();
    if share >= 1.0 { "100 %".to_owned() } else { format!("{:.2} %", hundredths.min(9_999.0) / 100.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;

    fn day(statuses: [u32; 4]) -> StatusTime {
        StatusTime::new(Timestamp(1_796_083_200_000), statuses, 86_400)
    }

    #[test]
    fn a_day_is_as_well_as_is_known_of_it() {
        for (statuses, is, words) in [
            ([86_400, 0, 0, 0], "ok", "100 % up"),
            ([86_000, 0, 400, 0], "critical", "99.53 % up, 7 min down"),
            ([43_200, 43_200, 0, 0], "warning", "100 % up, 720 min degraded"),
            ([44_000, 0, 0, 42_400], "unknown", "100 % up, 707 min not known"),
            ([0, 0, 0, 86_400], "unknown", "nothing is known"),
            ([0; 4], "unknown", "nothing is known"),
        ] {
            assert_eq!((class(&day(statuses)), said(&day(statuses))), (is, format!("Tue 1 Dec: {words}")));
        }
    }

    #[test]
    fn how_much_it_was_up_says_of_how_much_time() {
        let full = || day([86_400, 0, 0, 0]);
        assert_eq!(share(&[full(), full()]), "100 % up in 2 days");
        assert_eq!(share(&[day([0; 4]), day([4, 0, 0, 0])]), "100 % up in the 4 s known of 2 days");
        assert_eq!(share(&[day([0; 4])]), "nothing is known of 1 day");
        for (share, is) in
            [(1.0, "100 %"), (0.999_999, "99.99 %"), (0.9995, "99.95 %"), (0.5, "50.00 %"), (0.0, "0.00 %")]
        {
            assert_eq!(percent(share), is);
        }
    }

    #[test]
    fn bad_days_are_told_in_words_the_newest_first() {
        assert_eq!(bad_days(&[day([86_400, 0, 0, 0])]), "");
        let bad = bad_days(&[day([86_000, 0, 400, 0]), day([86_000, 400, 0, 0])]);
        assert!(bad.find("degraded") < bad.find("down"), "{bad}");
    }
}
