//! What the list of panels in [`super`] becomes: modules, enums, dispatch, and the table of kinds.

macro_rules! panels {
    ($($file:ident :: $panel:ident),+ $(,)?) => {
        $(pub mod $file;)+

        /// The keys of one panel, of whatever kind.
        #[derive(Debug, Clone, PartialEq)]
        pub enum PanelOptions {
            $(#[doc = concat!("Of `", stringify!($file), "`.")] $panel(<$file::$panel as Panel>::Options),)+
        }

        /// What one panel draws, of whatever kind. As JSON: the word of the kind, and its view.
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum PanelView {
            $(#[doc = concat!("Of `", stringify!($file), "`.")] $panel(<$file::$panel as Panel>::View),)+
        }

        impl PanelOptions {
            /// Content to view.
            pub fn view(&self, input: &PanelInput<'_>) -> PanelView {
                match self {
                    $(Self::$panel(options) => PanelView::$panel($file::$panel::view(options, input)),)+
                }
            }

            /// Its kind.
            pub const fn kind(&self) -> &'static Kind {
                match self {
                    $(Self::$panel(_) => { const KIND: Kind = Kind::new::<$file::$panel>(|value| {
                        serde_path_to_error::deserialize(value).map(PanelOptions::$panel)
                    }); &KIND })+
                }
            }
        }

        impl PanelView {
            /// View to cells.
            pub fn draw(&self, area: Rect, buffer: &mut Buffer, ink: &Ink) {
                match self {
                    $(Self::$panel(view) => $file::$panel::draw(view, area, buffer, ink),)+
                }
            }

            /// What happened, if it draws that over a line of time.
            pub fn changes(&self) -> Option<&changes::Changes> {
                match self {
                    $(Self::$panel(view) => $file::$panel::changes(view),)+
                }
            }

            /// Whether a viewer may see more time in it than the board shows.
            pub const fn is_widened(&self) -> bool {
                match self {
                    $(Self::$panel(_) => $file::$panel::WIDENED,)+
                }
            }

            /// The same of the last part of the time it shows; none where it shows no time, or less of it anyway.
            pub fn within(&self, window: crate::model::time::Span) -> Option<Self> {
                match self {
                    $(Self::$panel(view) => $file::$panel::within(view, window).map(Self::$panel),)+
                }
            }

            /// What its values were at a moment; empty where they are seen anyway.
            pub fn said_at(&self, at: crate::model::time::Timestamp) -> String {
                match self {
                    $(Self::$panel(view) => $file::$panel::said_at(view, at),)+
                }
            }

            /// The lines of a list that can be scrolled; 0 of what is no list.
            pub fn lines(&self) -> usize {
                match self {
                    $(Self::$panel(view) => $file::$panel::lines(view),)+
                }
            }

            /// A long list that a viewer can look through, if it is one.
            pub fn inspected(&self) -> Option<&dyn inspected::Inspected> {
                match self {
                    $(Self::$panel(view) => $file::$panel::inspected(view),)+
                }
            }

            /// How much room it can use.
            pub fn room(&self) -> Room {
                match self {
                    $(Self::$panel(view) => $file::$panel::room(view),)+
                }
            }

            /// What it says in half a line.
            pub fn strip(&self) -> String {
                match self {
                    $(Self::$panel(view) => $file::$panel::strip(view),)+
                }
            }
        }

        /// Every kind of panel.
        pub static KINDS: &[Kind] = &[
            $(Kind::new::<$file::$panel>(|value| {
                serde_path_to_error::deserialize(value).map(PanelOptions::$panel)
            }),)+
        ];
    };
}
