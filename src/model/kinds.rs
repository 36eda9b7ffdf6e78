//! The list of telemetry kinds. Each is one file a room, and one line here.

/// Hands the list to a macro of a room: the word of a kind, which is also the name of its file in `store/`, its
/// variant, and what a source answers, whose file in `model/` says the rest ([`AnswerKind`](super::answer::AnswerKind)).
macro_rules! kinds {
    ($make:ident) => {
        $make! {
            /// Numbers over time.
            series => Series($crate::model::series::SeriesSet),
            /// Rows and columns.
            table => Table($crate::model::table::Table),
            /// Builds of a CI server.
            builds => Builds(Vec<$crate::model::build::Build>),
            /// What happened, and what is planned.
            events => Events(Vec<$crate::model::event::Event>),
            /// Reviews, open ones and those merged lately.
            reviews => Reviews(Vec<$crate::model::review::Review>),
            /// Lines of logs.
            logs => Logs($crate::model::log::LogLines),
            /// Free text, line by line.
            text => Text($crate::model::lines::Lines),
        }
    };
}
pub(crate) use kinds;
