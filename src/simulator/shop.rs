//! The shop itself: pure functions of a seed and a moment.
//!
//! Its days have a rhythm, its numbers some noise, and now and then (about every quarter of an hour) a
//! deploy goes wrong: latency and errors rise, orders fall, a build turns red, and all heals again.

use serde_json::{Value, json};

use crate::model::time::Timestamp;

/// From the start of one incident to the start of the next, in seconds.
pub(super) const INCIDENT_EVERY: i64 = 900;
/// How long an incident lasts, in seconds.
const INCIDENT_LASTS: f64 = 210.0;

/// The services, with what each weighs in the traffic.
pub const SERVICES: [(&str, f64); 8] = [
    ("web", 1.0),
    ("api", 0.8),
    ("checkout", 0.25),
    ("search", 0.5),
    ("payments", 0.2),
    ("mail", 0.05),
    ("stock", 0.3),
    ("images", 0.9),
];

/// The pipelines, with their period and duration in seconds.
pub(super) const PIPELINES: [(&str, i64, i64); 10] = [
    ("shop/main", 420, 95),
    ("shop/release", 1700, 160),
    ("checkout/main", 610, 130),
    ("payments/main", 890, 150),
    ("search/main", 760, 80),
    ("web/main", 350, 70),
    ("mail/main", 2400, 60),
    ("stock/main", 1300, 110),
    ("infra/plan", 1900, 45),
    ("nightly/end-to-end", 3600, 900),
];

/// A shop.
#[derive(Debug, Clone, Copy)]
pub struct Shop {
    seed: u64,
}

/// One number with its labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Label pairs.
    pub labels: Vec<(&'static str, &'static str)>,
    /// The value.
    pub value: f64,
}

/// The upper bounds of the buckets of checkout times.
const BOUNDS: [(&str, f64); 10] = [
    ("0.05", 0.05),
    ("0.1", 0.1),
    ("0.15", 0.15),
    ("0.2", 0.2),
    ("0.3", 0.3),
    ("0.5", 0.5),
    ("0.75", 0.75),
    ("1", 1.0),
    ("2", 2.0),
    ("5", 5.0),
];

/// Who calls whom, and how often a second when all is calm.
const CALLS: [(&str, &str, f64); 8] = [
    ("web", "api", 240.0),
    ("web", "assets", 410.0),
    ("api", "catalogue", 150.0),
    ("api", "checkout", 38.0),
    ("checkout", "payments", 31.0),
    ("checkout", "stock", 36.0),
    ("catalogue", "stock", 90.0),
    ("stock", "database", 120.0),
];

impl Shop {
    /// The shop of a seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// A number from 0 to 1 for a channel and a step.
    pub(super) fn random(self, channel: u64, step: i64) -> f64 {
        let state =
            self.seed ^ channel.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (step as u64).wrapping_mul(0xD1B5_4A32_D192_ED03);
        fastrand::Rng::with_seed(state).f64()
    }

    /// Smooth noise from -1 to 1 that turns over about every `period` seconds.
    fn noise(self, channel: u64, t: f64, period: f64) -> f64 {
        let at = t / period;
        let step = at.floor();
        let part = at - step;
        let ease = part * part * (3.0 - 2.0 * part);
        let (a, b) = (self.random(channel, step as i64), self.random(channel, step as i64 + 1));
        (a + (b - a) * ease) * 2.0 - 1.0
    }

    /// Noise of several periods together.
    fn wander(self, channel: u64, t: f64) -> f64 {
        0.55 * self.noise(channel, t, 600.0)
            + 0.3 * self.noise(channel + 1, t, 90.0)
            + 0.15 * self.noise(channel + 2, t, 17.0)
    }

    /// How bad the incident of this moment is, 0 to 1: a quick rise, a plateau, a slower fall.
    fn incident(self, t: f64) -> f64 {
        let slot = (t / INCIDENT_EVERY as f64).floor() as i64;
        let Some(begin) = self.incident_begin(slot) else { return 0.0 };
        let since = t - begin;
        if !(0.0..INCIDENT_LASTS).contains(&since) {
            return 0.0;
        }
        let rise = (since / 25.0).min(1.0);
        let fall = ((INCIDENT_LASTS - since) / 60.0).min(1.0);
        rise * fall * (0.6 + 0.4 * self.random(92, slot))
    }

    /// When the incident of a slot begins, in seconds; every third slot is quiet.
    pub(super) fn incident_begin(self, slot: i64) -> Option<f64> {
        let begin = (slot * INCIDENT_EVERY) as f64 + 120.0 + 300.0 * self.random(91, slot);
        (self.random(90, slot) >= 0.33).then_some(begin)
    }

    /// By how much the runs of a pipeline are shifted, in seconds.
    pub(super) fn phase(self, channel: u64, period: i64) -> i64 {
        (self.random(300 + channel, 0) * period as f64) as i64
    }

    /// The rhythm of a day: more by day than by night, 0.55 to 1.
    fn rhythm(t: f64) -> f64 {
        let day = (t / 86_400.0 - 0.62) * std::f64::consts::TAU;
        0.775 + 0.225 * day.cos()
    }

    /// The samples of a metric; `None` when the shop has no such metric.
    pub fn metric(self, name: &str, at: Timestamp) -> Option<Vec<Sample>> {
        let t = at.seconds();
        let bad = self.incident(t);
        let one = |value: f64| Some(vec![Sample { labels: Vec::new(), value }]);
        let each = |label: &'static str, values: &[(&'static str, f64)]| {
            Some(values.iter().map(|(name, value)| Sample { labels: vec![(label, *name)], value: *value }).collect())
        };
        let traffic = Self::rhythm(t) * (1.0 + 0.12 * self.wander(10, t));
        match name {
            "shop_orders_per_minute" => one(132.0 * traffic * (1.0 - 0.75 * bad)),
            "shop_revenue_per_hour" => one(48_000.0 * traffic * (1.0 + 0.08 * self.wander(14, t)) * (1.0 - 0.7 * bad)),
            "shop_signups_per_hour" => one(310.0 * Self::rhythm(t) * (1.0 + 0.2 * self.wander(18, t))),
            "shop_carts_open" => one((820.0 * traffic * (1.0 + 0.35 * bad)).round()),
            "shop_requests_per_second" => {
                let values: Vec<_> = SERVICES
                    .iter()
                    .enumerate()
                    .map(|(n, (service, weight))| {
                        (*service, 240.0 * weight * traffic * (1.0 + 0.1 * self.wander(100 + n as u64 * 4, t)))
                    })
                    .collect();
                each("service", &values)
            }
            "shop_latency_seconds" => {
                let base = 0.21 * (1.0 + 0.18 * self.wander(22, t));
                each(
                    "quantile",
                    &[
                        ("p50", base * (1.0 + 0.6 * bad)),
                        ("p95", base * (2.6 + 4.0 * bad)),
                        ("p99", base * (3.6 + 6.5 * bad)),
                    ],
                )
            }
            "shop_latency_bucket" => Some(self.latency_buckets(t, traffic)),
            "shop_calls_per_second" => Some(self.calls(t, traffic)),
            "shop_error_ratio" => one((0.004 + 0.002 * self.wander(26, t) + 0.09 * bad).max(0.0)),
            "shop_logins_failed_per_second" => one((0.9 + 0.3 * self.wander(30, t) + 2.0 * bad).max(0.0)),
            "shop_logins_per_second" => one(21.0 * traffic),
            "client_page_load_seconds" => {
                let base = 1.35 * (1.0 + 0.1 * self.wander(34, t));
                each("page", &[("home", base), ("product", base * 1.2), ("checkout", base * (1.45 + 1.1 * bad))])
            }
            "client_errors_per_minute" => one((6.0 + 3.0 * self.wander(38, t) + 55.0 * bad).max(0.0)),
            "client_apdex" => one((0.95 + 0.02 * self.wander(42, t) - 0.3 * bad).clamp(0.0, 1.0)),
            "deploys_today" => one(((t.rem_euclid(86_400.0)) / 1700.0).floor()),
            "deploy_lead_time_seconds" => one(5400.0 * (1.0 + 0.25 * self.noise(46, t, 5000.0))),
            // A machine, for where this one is not to be seen.
            "cpu" => one((0.23 + 0.12 * self.wander(700, t) + 0.3 * bad).clamp(0.0, 1.0)),
            "memory" => one(0.61 + 0.03 * self.noise(704, t, 3000.0)),
            "disk" => each("mount", &[("/", 0.47), ("/data", 0.72)]),
            "network_in" => one(4.1e6 * traffic * (1.0 + 0.2 * self.wander(710, t))),
            "network_out" => one(11.5e6 * traffic * (1.0 + 0.2 * self.wander(714, t))),
            "up" => {
                let values: Vec<_> = SERVICES
                    .iter()
                    .map(|(service, _)| (*service, f64::from(u8::from(self.is_up(service, at)))))
                    .collect();
                each("service", &values)
            }
            _ => None,
        }
    }

    /// Checkouts a second by how long they took, as a histogram of Prometheus counts them.
    fn latency_buckets(self, t: f64, traffic: f64) -> Vec<Sample> {
        let bad = self.incident(t);
        let middle = (0.19 * (1.0 + 0.18 * self.wander(22, t)) * (1.0 + 2.2 * bad)).ln();
        let width = 0.55 + 0.35 * bad;
        let all = 38.0 * traffic;
        let below = |bound: f64| all / (1.0 + (-1.7 * (bound.ln() - middle) / width).exp());
        let counts = BOUNDS.iter().map(|(word, bound)| (*word, below(*bound))).chain([("+Inf", all)]);
        counts.map(|(bound, value)| Sample { labels: vec![("le", bound)], value }).collect()
    }

    /// Who calls whom, and how often a second: in an incident hardly anybody gets as far as paying.
    fn calls(self, t: f64, traffic: f64) -> Vec<Sample> {
        let bad = self.incident(t);
        let sample = |(n, (client, server, weight)): (usize, &(&'static str, &'static str, f64))| {
            let reached = if *server == "payments" { 1.0 - 0.9 * bad } else { 1.0 };
            let value = weight * traffic * reached * (1.0 + 0.1 * self.wander(600 + n as u64 * 4, t));
            Sample { labels: vec![("client", client), ("server", server)], value }
        };
        CALLS.iter().enumerate().map(sample).collect()
    }

    /// Whether a service answers its health check: checkout fails at the height of an incident.
    pub fn is_up(self, service: &str, at: Timestamp) -> bool {
        SERVICES.iter().any(|(known, _)| *known == service)
            && !(service == "checkout" && self.incident(at.seconds()) > 0.9)
    }

    /// A document of the kind a back office serves.
    pub fn stats(self, at: Timestamp) -> Value {
        let t = at.seconds();
        let names = ["Blue kettle", "Oak stool", "Wool blanket", "Desk lamp", "Tea, 250 g", "Bread knife", "Notebook"];
        let mut top: Vec<(f64, &str)> = names
            .iter()
            .enumerate()
            .map(|(n, name)| (90.0 - 11.0 * n as f64 + 14.0 * self.noise(200 + n as u64, t, 1800.0), *name))
            .collect();
        top.sort_by(|a, b| b.0.total_cmp(&a.0));
        let rows: Vec<Value> = top
            .iter()
            .map(|(sold, name)| {
                let sold = sold.max(1.0).round();
                json!({ "product": name, "sold": sold, "revenue": (sold * (12.0 + name.len() as f64)).round() })
            })
            .collect();
        json!({
            "top": rows,
            "countries": { "DE": 41, "FR": 23, "NL": 14, "AT": 9, "PL": 8 },
            "carts": { "open": 820, "abandoned_ratio": 0.31 + 0.04 * self.wander(60, t) },
            "notice": "Autumn sale until Sunday: expect twice the usual traffic after 18:00.",
        })
    }

    /// The builds of this moment as a `CCTray` feed.
    pub fn cctray(self, now: Timestamp) -> String {
        let projects: Vec<String> =
            PIPELINES.iter().enumerate().map(|(n, pipeline)| self.project(n as u64, *pipeline, now)).collect();
        format!("<Projects>\n{}\n</Projects>\n", projects.join("\n"))
    }

    fn project(self, channel: u64, (name, period, duration): (&str, i64, i64), now: Timestamp) -> String {
        let phase = self.phase(channel, period);
        let seconds = now.0.div_euclid(1000) - phase;
        let number = seconds.div_euclid(period);
        let into = seconds.rem_euclid(period);
        let running = into < duration;
        let done = if running { number - 1 } else { number };
        let ended = Timestamp((done * period + duration + phase) * 1000);
        let status = if self.is_red(channel, done) { "Failure" } else { "Success" };
        let activity = if running { "Building" } else { "Sleeping" };
        let label = if name.ends_with("release") {
            format!("v2.{}", done.rem_euclid(100))
        } else {
            format!("{}", done.rem_euclid(10_000))
        };
        format!(
            r#"  <Project name="{name}" activity="{activity}" lastBuildStatus="{status}" lastBuildLabel="{label}" lastBuildTime="{}" webUrl="http://127.0.0.1/{name}"/>"#,
            ended.rfc3339()
        )
    }

    /// About one build in seven breaks, and half of the broken ones stay broken for one more.
    pub(super) fn is_red(self, channel: u64, number: i64) -> bool {
        let broke = |number| self.random(400 + channel, number) < 0.13;
        broke(number) || (broke(number - 1) && self.random(500 + channel, number) < 0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_moment_give_the_same_shop() {
        let at = Timestamp(1_790_000_000_000);
        let (a, b) = (Shop::new(7), Shop::new(7));
        assert_eq!(a.cctray(at), b.cctray(at));
        assert_eq!(a.metric("shop_latency_seconds", at), b.metric("shop_latency_seconds", at));
        assert_ne!(Shop::new(8).metric("shop_orders_per_minute", at), a.metric("shop_orders_per_minute", at));
    }

    #[test]
    fn within_an_hour_there_is_an_incident_and_there_is_calm() {
        let shop = Shop::new(1);
        let levels: Vec<f64> = (0..3600).map(|s| shop.incident(1_790_000_000.0 + f64::from(s))).collect();
        assert!(levels.iter().any(|bad| *bad > 0.5));
        assert!(levels.iter().filter(|bad| **bad == 0.0).count() > 1800);
    }
}
