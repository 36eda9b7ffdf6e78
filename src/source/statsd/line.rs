//! One line of StatsD: a metric, a DogStatsD event or a service check.
//!
//! ```text
//! orders:1|c
//! checkout.time:320:87|ms|@0.5|#env:prod,web
//! foo:1|c:200|ms                                two metrics, as Etsy has it
//! _e{5,4}:title|text|t:error|#env:prod          lengths in bytes
//! _sc|db.reachable|2|#env:prod|m:timed out
//! ```
//!
//! Sources: `statsd/docs/metric_types.md`; DogStatsD datagram format v1.0 to v1.3. What comes behind the type may come
//! in any order, and what is not known there is ignored: clients of tomorrow send more.

use crate::model::time::Timestamp;

/// What one line says; texts are those of the line.
#[derive(Debug, Clone, PartialEq)]
pub enum Said<'a> {
    /// A metric with its values.
    Metric(Metric<'a>),
    /// Something that happened.
    Event(EventLine<'a>),
    /// How something is.
    Check(CheckLine<'a>),
}

/// Values of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric<'a> {
    /// Its name, not empty.
    pub name: &'a str,
    /// What the values are; several of a set are one member.
    pub values: Values<'a>,
    /// What share of the values was sent, above 0 and at most 1.
    pub rate: f64,
    /// What it is of.
    pub tags: Tags<'a>,
    /// The moment of a value that is not to be joined with others.
    pub at: Option<Timestamp>,
}

/// Values by their type.
#[derive(Debug, Clone, PartialEq)]
pub enum Values<'a> {
    /// Increments.
    Counter(Vec<f64>),
    /// The value of now.
    Gauge(Vec<Level>),
    /// Times, sizes: each is one measurement.
    Samples(Vec<f64>),
    /// A member of a set that is counted.
    Member(&'a str),
}

/// What a gauge is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Level {
    /// It has this value.
    Is(f64),
    /// It has moved by so much.
    Moved(f64),
}

/// `_e{..}`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EventLine<'a> {
    /// What happened.
    pub title: &'a str,
    /// More about it.
    pub text: &'a str,
    /// When, where it says so.
    pub at: Option<Timestamp>,
    /// error, warning, info, success.
    pub alert_type: &'a str,
    /// Two with one key are about one thing.
    pub key: &'a str,
    /// What it is of.
    pub tags: Tags<'a>,
}

/// `_sc|..`.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckLine<'a> {
    /// Which check.
    pub name: &'a str,
    /// 0 ok, 1 warning, 2 critical, 3 unknown.
    pub status: u8,
    /// When, where it says so.
    pub at: Option<Timestamp>,
    /// What it is of.
    pub tags: Tags<'a>,
    /// What the check says.
    pub message: &'a str,
}

/// `env:prod,web`: a tag without a colon has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tags<'a>(&'a str);

impl<'a> Tags<'a> {
    /// Each with its value, empty ones left out.
    pub fn pairs(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let tags = self.0.split(',').map(str::trim).filter(|tag| !tag.is_empty());
        tags.map(|tag| tag.split_once(':').unwrap_or((tag, ""))).filter(|(key, _)| !key.is_empty())
    }

    /// The value of the first of these that there is.
    pub fn first_of(self, keys: &[&str]) -> Option<&'a str> {
        keys.iter().find_map(|key| self.pairs().find(|(tag, _)| tag == key)).map(|(_, value)| value)
    }
}

/// Why a line cannot be read, in a few words.
pub type Wrong = &'static str;

/// Reads one line, without its end: one thing, or the several metrics of Etsy's form.
pub fn parse(line: &str) -> Result<Vec<Said<'_>>, Wrong> {
    if let Some(rest) = line.strip_prefix("_e{") {
        return event(rest).map(|event| vec![Said::Event(event)]);
    }
    if let Some(rest) = line.strip_prefix("_sc|") {
        return check(rest).map(|check| vec![Said::Check(check)]);
    }
    let (name, mut rest) = line.trim_end().split_once(':').ok_or("no value")?;
    if name.trim().is_empty() {
        return Err("no name");
    }
    let mut all = Vec::with_capacity(1);
    loop {
        let (metric, next) = metric(name.trim(), rest)?;
        all.push(Said::Metric(metric));
        match next {
            Some(next) => rest = next,
            None => return Ok(all),
        }
    }
}

/// `values|type|sections`, and what follows it in Etsy's form.
fn metric<'a>(name: &'a str, text: &'a str) -> Result<(Metric<'a>, Option<&'a str>), Wrong> {
    let (values, rest) = text.split_once('|').ok_or("no type")?;
    let mut sections = Sections(Some(rest));
    let kind = sections.next().unwrap_or_default();
    // Behind a type and behind a rate a colon begins the next metric; in other sections it is a part of the text.
    let (kind, mut following) = cut(kind, rest);
    let mut metric = Metric { name, values: read(values, kind)?, rate: 1.0, tags: Tags::default(), at: None };
    while following.is_none()
        && let Some(section) = sections.next()
    {
        match section.chars().next() {
            Some('@') => {
                let (rate, next) = cut(section, rest);
                metric.rate = share(rate.get(1..).unwrap_or_default())?;
                following = next;
            }
            Some('#') => metric.tags = Tags(section.get(1..).unwrap_or_default()),
            Some('T') => metric.at = Some(time(section.get(1..).unwrap_or_default())?),
            _ => {}
        }
    }
    Ok((metric, following))
}

/// A section up to a colon, and all of the line behind that colon.
fn cut<'a>(section: &'a str, line: &'a str) -> (&'a str, Option<&'a str>) {
    let Some((head, tail)) = section.split_once(':') else { return (section, None) };
    let begin = tail.as_ptr() as usize - line.as_ptr() as usize;
    (head, line.get(begin..))
}

/// What stands between bars.
struct Sections<'a>(Option<&'a str>);

impl<'a> Iterator for Sections<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.0?;
        let (section, rest) = rest.split_once('|').map_or((rest, None), |(section, rest)| (section, Some(rest)));
        self.0 = rest;
        Some(section)
    }
}

fn read<'a>(values: &'a str, kind: &str) -> Result<Values<'a>, Wrong> {
    if values.is_empty() {
        return Err("no value");
    }
    match kind {
        "c" => values.split(':').map(number).collect::<Result<_, _>>().map(Values::Counter),
        "g" => values.split(':').map(level).collect::<Result<_, _>>().map(Values::Gauge),
        "ms" | "h" | "d" => values.split(':').map(number).collect::<Result<_, _>>().map(Values::Samples),
        "s" => Ok(Values::Member(values)),
        "" => Err("no type"),
        _ => Err("unknown type"),
    }
}

fn number(text: &str) -> Result<f64, Wrong> {
    // Rust reads "inf" and "nan", which are no measurements.
    text.trim().parse::<f64>().ok().filter(|number| number.is_finite()).ok_or("the value is no number")
}

fn level(text: &str) -> Result<Level, Wrong> {
    let number = number(text)?;
    Ok(if text.trim_start().starts_with(['+', '-']) { Level::Moved(number) } else { Level::Is(number) })
}

fn share(text: &str) -> Result<f64, Wrong> {
    let rate: f64 = text.trim().parse().map_err(|_| "the sample rate is no number")?;
    if rate > 0.0 && rate <= 1.0 { Ok(rate) } else { Err("a sample rate is above 0 and at most 1") }
}

fn time(text: &str) -> Result<Timestamp, Wrong> {
    let seconds = text.trim().parse::<f64>().ok().filter(|seconds| *seconds > 0.0);
    seconds.and_then(Timestamp::from_seconds).ok_or("the timestamp is no number of seconds since 1970")
}

/// Behind `_e{`: `5,4}:title|text|..`.
fn event(rest: &str) -> Result<EventLine<'_>, Wrong> {
    const LENGTHS: Wrong = "the lengths of the event are wrong";
    let (lengths, rest) = rest.split_once("}:").ok_or(LENGTHS)?;
    let (title, text) = lengths.split_once(',').ok_or(LENGTHS)?;
    let (title, text): (usize, usize) = (title.parse().map_err(|_| LENGTHS)?, text.parse().map_err(|_| LENGTHS)?);
    let (title, rest) = rest.split_at_checked(title).ok_or(LENGTHS)?;
    let (text, rest) = rest.strip_prefix('|').and_then(|rest| rest.split_at_checked(text)).ok_or(LENGTHS)?;
    if title.is_empty() {
        return Err("the event has no title");
    }
    let mut event = EventLine { title, text, ..EventLine::default() };
    let sections = match rest.strip_prefix('|') {
        Some(rest) => Sections(Some(rest)),
        None if rest.is_empty() => Sections(None),
        None => return Err(LENGTHS),
    };
    for section in sections {
        match section.split_once(':') {
            _ if section.starts_with('#') => event.tags = Tags(section.get(1..).unwrap_or_default()),
            Some(("d", at)) => event.at = Some(time(at)?),
            Some(("t", alert_type)) => event.alert_type = alert_type,
            Some(("k", key)) => event.key = key,
            _ => {}
        }
    }
    Ok(event)
}

/// Behind `_sc|`: `name|status|..`; a message is the last.
fn check(rest: &str) -> Result<CheckLine<'_>, Wrong> {
    let (rest, message) = match rest.find("|m:") {
        Some(at) => (rest.get(..at).unwrap_or_default(), rest.get(at + 3..).unwrap_or_default()),
        None => (rest, ""),
    };
    let mut sections = Sections(Some(rest));
    let name = sections.next().filter(|name| !name.trim().is_empty()).ok_or("the service check has no name")?;
    let status = sections.next().and_then(|status| status.parse().ok()).filter(|status| *status <= 3);
    let status = status.ok_or("the status of a service check is 0, 1, 2 or 3")?;
    let mut check = CheckLine { name: name.trim(), status, at: None, tags: Tags::default(), message };
    for section in sections {
        match section.split_once(':') {
            _ if section.starts_with('#') => check.tags = Tags(section.get(1..).unwrap_or_default()),
            Some(("d", at)) => check.at = Some(time(at)?),
            _ => {}
        }
    }
    Ok(check)
}

#[cfg(test)]
mod cases;
