//! `andon doctor --kiosk`: what can be read of the board on a wall, and what mends the rest.

use std::process::ExitCode;

use super::arguments::DoctorFlags;
use super::load::load;
use super::out::{Done, print};
use crate::model::legibility::{CAPITAL, LEAST, Wall};
use crate::output::terminal::screen;
use crate::panel::marks::big_text::Size;

pub(super) fn run(flags: &DoctorFlags) -> Done {
    let (board, _) = load(&flags.board)?;
    let (_, rows) = flags.size.unwrap_or_else(screen::size);
    let Some(diagonal) = board.kiosk.screen else {
        let help = "write [kiosk] with screen = \"55in\", and distance = \"5m\" if it is another";
        return Err(format!("the board does not say how large its screen is: {help}").into());
    };
    let wall = Wall { screen: diagonal, distance: board.kiosk.distance, rows };
    let (text, is_good) = report(&wall);
    print(&text)?;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The report, and whether numbers and the names of what is red can be read.
fn report(wall: &Wall) -> (String, bool) {
    let large = Size::LARGEST_FIRST
        .into_iter()
        .map(|size| (format!("numbers and names {} rows high", size.height()), size.letter_rows()));
    let all: Vec<(String, f64)> = large.chain([("words of one row".to_owned(), CAPITAL)]).collect();
    let metres = wall.distance.millimetres / 1000.0;
    let mut lines = vec![format!(
        "{} rows on a screen of {:.0} in, read from {metres} m: a row is {:.0} mm high",
        wall.rows,
        wall.screen.millimetres / 25.4,
        wall.row(),
    )];
    for (what, letter_rows) in &all {
        let (minutes, reach) = (wall.arc_minutes(*letter_rows), wall.reach(*letter_rows));
        let word = if minutes >= LEAST { "ok  " } else { "FAIL" };
        lines.push(format!("{word} {what:<34} {minutes:>5.1} arc minutes, read from {reach:.1} m"));
    }
    lines.push(format!(
        "{LEAST} arc minutes are the least that is read (ISO 9241-3); words are for whoever steps nearer"
    ));
    // What says how things are is drawn with the small font at least.
    let small = Size::Small.letter_rows();
    let is_good = wall.arc_minutes(small) >= LEAST;
    for (what, letter_rows) in [("the smallest numbers", small), ("words of one row", CAPITAL)] {
        let most = wall.most_rows(letter_rows);
        if wall.rows > most {
            let times = f64::from(wall.rows) / f64::from(most.max(1));
            lines.push(format!("for {what}: a font {times:.1} times as large, which leaves {most} rows"));
        }
    }
    (lines.join("\n") + "\n", is_good)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_said_with_its_remedy() {
        let wall =
            |rows, distance: &str| Wall { screen: "55in".parse().unwrap(), distance: distance.parse().unwrap(), rows };
        let (text, is_good) = report(&wall(50, "5m"));
        assert!(
            is_good && text.contains("ok   numbers and names 3 rows high") && text.contains("FAIL words"),
            "{text}"
        );
        assert!(text.contains("for words of one row: a font 2.9 times as large, which leaves 17 rows"), "{text}");
        let (text, is_good) = report(&wall(100, "9m"));
        assert!(!is_good && text.contains("for the smallest numbers: a font 2.5 times as large"), "{text}");
    }
}
