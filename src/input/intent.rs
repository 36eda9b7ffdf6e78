//! What a viewer can want.

use crate::view::lens::Resize;

/// What a viewer wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Leave.
    Quit,
    /// Show or hide the help.
    Help,
    /// One step back: help, zoom, choice, window, freeze.
    Back,
    /// Zoom the chosen panel, or back.
    Zoom,
    /// The next panel.
    Next,
    /// The previous panel.
    Previous,
    /// The panel above; of a zoomed list the line above.
    Up,
    /// The panel below; of a zoomed list the line below.
    Down,
    /// The panel to the left; on a zoomed panel an earlier moment.
    Left,
    /// The panel to the right; on a zoomed panel a later moment.
    Right,
    /// A page by index, from 0.
    Page(usize),
    /// The next page.
    NextPage,
    /// The previous page.
    PreviousPage,
    /// The worst panel of the board.
    Worst,
    /// Looks at another part of the time.
    Window(Resize),
    /// To the next event on the zoomed graph.
    NextEvent,
    /// To the event before on the zoomed graph.
    PreviousEvent,
    /// Freeze the picture, or let it go on; of the past, play it.
    Pause,
    /// Look at the past, or at what is so now again.
    Past,
    /// To another moment.
    Move(Move),
    /// Point at a moment of all graphs, or at none any more.
    Point,
    /// Go somewhere by letters of its name.
    Palette,
    /// Type a moment or a range of time.
    TypeTime,
    /// Ask all sources now.
    Refresh,
    /// Repaint the whole screen.
    Repaint,
    /// Try the next theme.
    NextTheme,
    /// Type what is searched in a zoomed list.
    Search,
    /// Type what of a zoomed list is shown.
    Filter,
    /// Groups of a zoomed list, or what is in them.
    Groups,
    /// Wrap the lines of a zoomed list, or cut them.
    Wrap,
    /// A character that is typed.
    Type(char),
    /// Takes back what was typed: the last character, or all of it.
    Erase {
        /// All of it.
        all: bool,
    },
    /// A click on a panel.
    Click(usize),
}

/// A way through time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Earlier by half a window.
    HalfBack,
    /// Later by half a window.
    HalfOn,
    /// Earlier by a step.
    StepBack,
    /// Later by a step.
    StepOn,
    /// What is so now, and as much of the time as the board shows.
    Live,
}

/// What reaches beyond the lens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// End the program.
    Quit,
    /// Ask all sources now.
    Refresh,
    /// Repaint the whole screen.
    Repaint,
}
