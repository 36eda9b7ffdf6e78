//! What a viewer looks at, as text: for links, and for viewers that come again.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::lens::{Lens, WINDOW_BOUNDS};
use super::past::PastLook;
use super::scene::Scene;
use crate::model::time::{Span, Timestamp};

/// The shortest time that is looked at.
const SHORTEST: Span = Span::seconds(10);
/// The longest that is read, in bytes.
const LONGEST: usize = 512;
/// What stands for itself in an address; names of dashboards and ids of panels rarely have anything else.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// What is looked at: `page=shop&panel=orders&zoom=1&window=5m&at=2026-11-30T02:14:00Z`, in any order; what is not said is as at the start. Names that the
/// board does not have are left out when it is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    /// The name of the page.
    pub page: Option<String>,
    /// The id of the panel that is chosen.
    pub panel: Option<String>,
    /// Whether it fills the page.
    pub zoom: bool,
    /// How much of the past is wanted.
    pub window: Option<Span>,
    /// As of which moment; none for now.
    pub at: Option<Timestamp>,
}

impl Address {
    /// Reads one; keys that it does not know are somebody else's.
    pub fn read(text: &str) -> Self {
        let mut address = Self::default();
        if text.len() > LONGEST {
            return address;
        }
        for (key, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
            let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
            match key {
                "page" => address.page = Some(value),
                "panel" => address.panel = Some(value),
                "zoom" => address.zoom = value == "1",
                "at" => address.at = Timestamp::of_rfc3339(Some(&value)),
                "window" => address.window = Span::parse(&value).ok().filter(|window| *window >= SHORTEST),
                _ => {}
            }
        }
        address
    }

    /// As it is written.
    pub fn written(&self) -> String {
        let named = [("page", &self.page), ("panel", &self.panel)];
        let named = named.into_iter().filter_map(|(key, value)| Some((key, value.as_deref()?)));
        let (window, at) = (self.window.map(Span::written), self.at.map(Timestamp::rfc3339));
        let pairs = named.chain(self.zoom.then_some(("zoom", "1")));
        let pairs = pairs.chain(window.as_deref().map(|window| ("window", window)));
        let pairs = pairs.chain(at.as_deref().map(|at| ("at", at)));
        let pairs: Vec<String> =
            pairs.map(|(key, value)| format!("{key}={}", utf8_percent_encode(value, ESCAPED))).collect();
        pairs.join("&")
    }

    /// What is seen through a lens.
    pub fn of(lens: &Lens, live: &Scene) -> Self {
        let page = lens.scene(live).page(lens.page);
        let panel = lens.focus.and_then(|focus| page?.panels.get(focus));
        Self {
            page: page.map(|page| page.name.clone()),
            panel: panel.map(|panel| panel.id.clone()),
            zoom: lens.zoom && panel.is_some(),
            window: lens.window,
            // While it is played it is another one each second.
            at: lens.past.as_ref().filter(|past| past.speed.is_none()).map(|past| past.at),
        }
    }

    /// Points a lens at it, as far as the board has it.
    pub fn point(&self, lens: &mut Lens, scene: &Scene) {
        let named = |name: &String| scene.shown().position(|page| page.name == *name);
        lens.page = self.page.as_ref().and_then(named).unwrap_or(0);
        let panels = scene.page(lens.page).map_or(&[][..], |page| page.panels.as_slice());
        lens.focus = self.panel.as_ref().and_then(|id| panels.iter().position(|panel| panel.id == *id));
        lens.zoom = self.zoom && lens.focus.is_some();
        lens.window = self.window.filter(|window| *window != scene.window && *window <= WINDOW_BOUNDS.1);
        lens.past = self.at.filter(|at| *at < scene.now).map(PastLook::new);
        lens.begin_anew();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_was_written() {
        let address = |page: Option<&str>, panel: Option<&str>, zoom| Address {
            page: page.map(str::to_owned),
            panel: panel.map(str::to_owned),
            zoom,
            window: zoom.then_some(Span::seconds(300)),
            at: zoom.then_some(Timestamp(1_795_275_000_000)),
        };
        for (one, written) in [
            (address(None, None, false), ""),
            (address(Some("shop"), None, false), "page=shop"),
            (
                address(Some("a&b=c"), Some("ü 100 %"), true),
                "page=a%26b%3Dc&panel=%C3%BC%20100%20%25&zoom=1&window=5m&at=2026-11-21T15%3A30%3A00Z",
            ),
        ] {
            assert_eq!(one.written(), written);
            assert_eq!(Address::read(written), one);
        }
        assert_eq!(Address::read("zoom=2&=&x&theme=nord&page&window=1s&window=x"), Address::default());
        assert_eq!(Address::read(&"page=x&".repeat(100)), Address::default(), "too long to be one");
    }
}
