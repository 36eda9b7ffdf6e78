//! What a query asks a site for.

/// What a query asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Panels: all, those of `DASHBOARD`, or `DASHBOARD/PANEL`.
    Panels(String),
    /// `series(DASHBOARD/PANEL)`, or the name of a source there.
    Series(String),
    /// `events()`
    Events,
}

impl Wanted {
    /// Reads a query; the error says what there is.
    pub(super) fn parse(query: &str) -> Result<Self, String> {
        const HELP: &str =
            "there are series(DASHBOARD/PANEL), events(), DASHBOARD, DASHBOARD/PANEL, or no query at all";
        let query = query.trim();
        if query == "events()" {
            return Ok(Self::Events);
        }
        if let Some(name) = query.strip_prefix("series(").and_then(|rest| rest.strip_suffix(')')) {
            let name = name.trim();
            let wrong = || Err(format!("series({name}) names no panel; write series(DASHBOARD/PANEL)"));
            return if is_name(name) { Ok(Self::Series(name.to_owned())) } else { wrong() };
        }
        if query.ends_with("()") || query.starts_with("series:") || query.starts_with("series(") {
            return Err(format!("there is no {query}; {HELP}"));
        }
        if !query.is_empty() && !is_name(query) {
            return Err(format!("'{query}' names no panel; {HELP}"));
        }
        Ok(Self::Panels(query.to_owned()))
    }
}

/// Whether a text may be `DASHBOARD`, or `DASHBOARD/PANEL`.
fn is_name(text: &str) -> bool {
    text.split('/').all(|part| !part.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_or_refused_with_what_there_is() {
        let panels = |text: &str| Ok(Wanted::Panels(text.to_owned()));
        assert_eq!(Wanted::parse(" "), panels(""));
        assert_eq!(Wanted::parse("shop"), panels("shop"));
        assert_eq!(Wanted::parse("shop/orders"), panels("shop/orders"));
        assert_eq!(Wanted::parse("Shop (EU)"), panels("Shop (EU)"), "a dashboard may have that name");
        assert_eq!(Wanted::parse("series( shop/orders )"), Ok(Wanted::Series("shop/orders".to_owned())));
        assert_eq!(Wanted::parse("events()"), Ok(Wanted::Events));
        for wrong in ["shop/", "/orders", "series()", "series(shop/)", "series:shop/orders", "series(shop", "event()"] {
            let said = Wanted::parse(wrong).unwrap_err();
            assert!(said.contains("series(DASHBOARD/PANEL)"), "{wrong}: {said}");
        }
    }
}
