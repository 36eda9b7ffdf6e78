//! Prometheus, and whatever speaks its query API (Thanos, Mimir, `VictoriaMetrics`).
//!
//! Source: Prometheus HTTP API, "Expression queries": `/api/v1/query`, `/api/v1/query_range`.
//!
//! A query with history is asked as a range once; after that, each poll asks either for the next point
//! of the grid or, between two of them, for the value of this moment. The step follows the width of the
//! panel. So a refresh is one small request, and the value shown is never older than the refresh.

mod answer;
pub mod metrics;

use std::collections::BTreeMap;
use std::sync::Arc;

use reqwest::Url;
use schemars::JsonSchema;
use serde::Deserialize;

use super::contract::{Context, KeyProblem, Moment, PastAnswers, QueryLanguage, Resolution, Source};
use super::http::{Http, Method, parse_url};
use crate::model::fault::{FetchError, Reason};
use crate::model::poll::{Answer, Ask};
use crate::model::series::{Coverage, Point, SeriesSet};
use crate::model::telemetry::{Caveat, Telemetry};
use crate::model::time::{Span, Timestamp};
pub use answer::{Answered, parse};

/// Queries longer than this go as a form: servers and proxies limit the length of an address.
const LONGEST_GET: usize = 1500;
/// Steps a person can read on an axis, in seconds.
const STEPS: [i64; 16] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 86_400];

/// The keys of a Prometheus source.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address of the server, without `/api/v1`.
    pub url: String,
}

/// One open query.
#[derive(Debug)]
pub struct Prometheus {
    http: Arc<Http>,
    base: Url,
    resolution: Resolution,
    grid: Option<Grid>,
}

/// What has been fetched so far.
#[derive(Debug, Clone, Copy)]
struct Grid {
    step: Span,
    last: Timestamp,
}

impl Source for Prometheus {
    const TYPE: &'static str = "prometheus";
    const SUMMARY: &'static str = "Prometheus, or any server with its query API (Thanos, Mimir, VictoriaMetrics)";
    const QUERY: QueryLanguage = QueryLanguage::Needed("PromQL");
    const HTTP: bool = true;
    const ONE_REQUEST: bool = false;
    const PAST: PastAnswers = PastAnswers::Everything;
    type Config = Config;

    fn url(config: &Config) -> Option<&str> {
        Some(&config.url)
    }

    fn check_query(query: &str) -> Result<(), String> {
        if query.trim().is_empty() { Err("the query is empty".to_owned()) } else { Ok(()) }
    }

    fn check(config: &Config) -> Vec<KeyProblem> {
        let holds_the_path =
            |url: Url| url.path().trim_end_matches('/').ends_with("/api/v1") || url.path().contains("/api/v1/query");
        if parse_url(&config.url).is_ok_and(holds_the_path) {
            let message = "the url holds /api/v1, which andon adds itself";
            return vec![KeyProblem::new("url", message, "write it without /api/v1")];
        }
        Vec::new()
    }

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        let base = base(&config.url)?;
        Ok(Self { http: context.http()?, base, resolution: context.resolution.clone(), grid: None })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(match ask.history {
                None => self.instant(&ask.query, moment, Coverage::Sample).await,
                Some(window) => self.history(&ask.query, window, moment).await,
            });
        }
        Ok(answers)
    }
}

impl Prometheus {
    async fn history(&mut self, query: &str, window: Span, moment: Moment) -> Answer {
        let step = step(window, self.resolution.columns(), self.grid.map(|grid| grid.step));
        let end = Timestamp(moment.now.0 - moment.now.0.rem_euclid(step.0));
        // A grid that ends in the future was made by a clock that has been set back since.
        let is_now = |grid: &Grid| end.minus(window) < grid.last && grid.last <= end.plus(step);
        let known = self.grid.filter(|grid| grid.step == step && is_now(grid));
        let (start, coverage) = match known {
            Some(grid) if end <= grid.last => return self.instant(query, moment, Coverage::Head).await,
            Some(grid) => (grid.last.plus(step), Coverage::Extension),
            None => (end.minus(window), Coverage::Whole),
        };
        let parameters = [
            ("query", query.to_owned()),
            ("start", format!("{:.3}", start.seconds())),
            ("end", format!("{:.3}", end.seconds())),
            ("step", format!("{:.3}", step.as_seconds())),
        ];
        let Answered { mut series, caveat } = self.ask("api/v1/query_range", &parameters, moment).await?;
        // A range leaves out the moments at which a series has no value: they are gaps.
        for one in &mut series {
            one.points = on_grid(&one.points, start, end, step);
        }
        // What is refused is not fetched: the next poll asks for it again.
        let telemetry = Telemetry::Series(SeriesSet::new(series, coverage)).within_limits()?;
        self.grid = Some(Grid { step, last: end });
        Ok(with_caveat(caveat, telemetry))
    }

    async fn instant(&self, query: &str, moment: Moment, coverage: Coverage) -> Answer {
        let parameters = [("query", query.to_owned()), ("time", format!("{:.3}", moment.now.seconds()))];
        let Answered { series, caveat } = self.ask("api/v1/query", &parameters, moment).await?;
        Ok(with_caveat(caveat, Telemetry::Series(SeriesSet::new(series, coverage))))
    }

    async fn ask(&self, path: &str, parameters: &[(&str, String)], moment: Moment) -> Result<Answered, FetchError> {
        let mut url = self.base.join(path).map_err(|_| FetchError::from(Reason::Internal))?;
        let long = parameters.iter().map(|(_, value)| value.len()).sum::<usize>() > LONGEST_GET;
        let response = if long {
            self.http.exchange(&url, Method::PostForm(parameters), "application/json", moment.deadline).await?
        } else {
            url.query_pairs_mut().extend_pairs(parameters);
            self.http.exchange(&url, Method::Get, "application/json", moment.deadline).await?
        };
        parse(&response, moment.now)
    }
}

/// The address that the paths of the API are joined to.
fn base(url: &str) -> Result<Url, FetchError> {
    let mut base = parse_url(url)?;
    if !base.path().ends_with('/') {
        base.set_path(&format!("{}/", base.path()));
    }
    Ok(base)
}

fn with_caveat(caveat: Option<Caveat>, telemetry: Telemetry) -> Telemetry {
    match caveat {
        Some(caveat) => telemetry.with_caveat(caveat.text, caveat.partial),
        None => telemetry,
    }
}

/// The step of a range: about one point a column, from [`STEPS`]. A step in use is kept until the width
/// has changed by more than half, so that a resize rarely asks for everything again.
fn step(window: Span, columns: u16, in_use: Option<Span>) -> Span {
    let ideal = window.as_seconds() / f64::from(columns.clamp(20, 2000));
    if let Some(step) = in_use
        && (0.4..=2.5).contains(&(step.as_seconds() / ideal.max(1.0)))
    {
        return step;
    }
    let near = STEPS.iter().copied().find(|&step| step as f64 >= ideal * 0.75).unwrap_or(86_400);
    Span::seconds(near)
}

/// Fills the moments that a range left out with gaps.
fn on_grid(points: &[Point], start: Timestamp, end: Timestamp, step: Span) -> Vec<Point> {
    let known: BTreeMap<i64, f64> = points.iter().map(|p| (p.at.0, p.value)).collect();
    let (Some(first), count) = (points.first(), (end.0 - start.0) / step.0.max(1)) else { return Vec::new() };
    (0..=count)
        .map(|i| Timestamp(start.0 + i * step.0))
        .skip_while(|at| *at < first.at)
        .map(|at| Point { at, value: known.get(&at.0).copied().unwrap_or(f64::NAN) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_follows_the_width_and_holds_still() {
        let hour = Span::seconds(3600);
        assert_eq!(step(hour, 240, None), Span::seconds(15));
        assert_eq!(step(hour, 60, None), Span::seconds(60));
        assert_eq!(step(hour, 100, Some(Span::seconds(15))), Span::seconds(15), "a small change keeps it");
        assert_eq!(step(hour, 30, Some(Span::seconds(15))), Span::seconds(120));
        assert_eq!(step(Span::seconds(60), 400, None), Span::seconds(1), "never under a second");
    }

    #[test]
    fn moments_without_a_value_are_gaps() {
        let point = |t, value| Point { at: Timestamp(t), value };
        let filled = on_grid(&[point(10, 1.0), point(30, 3.0)], Timestamp(0), Timestamp(40), Span(10));
        let values: Vec<f64> = filled.iter().map(|p| p.value).collect();
        assert_eq!(filled[0].at, Timestamp(10));
        assert!(values[1].is_nan() && values[3].is_nan());
        assert_eq!((values[0], values[2]), (1.0, 3.0));
    }
}
