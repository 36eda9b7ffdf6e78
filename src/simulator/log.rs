//! What the programs of the shop write to their log, second by second: a file that lives in memory only.

use std::fs::File;
use std::io::Write as _;

use tokio::time::{Duration, MissedTickBehavior, interval};

use super::shop::Shop;
use crate::model::time::{Span, Timestamp};

/// How much past is written at the start.
const PAST: i64 = 600;
/// A log of more bytes is cut to nothing, as `logrotate` does with `copytruncate`.
const MOST: u64 = 1024 * 1024;
/// Customers, by name.
const NAMES: [&str; 6] = ["ann", "bob", "carla", "dev", "eve", "finn"];

/// Writes the past, then what happens as it happens.
pub(super) async fn write(shop: Shop, mut file: File, clock: impl Fn() -> Timestamp) {
    let now = clock();
    let past: String = (0..PAST).rev().map(|n| second(shop, now.minus(Span::seconds(n)))).collect();
    let _full = file.write_all(past.as_bytes());
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        seconds.tick().await;
        if file.metadata().is_ok_and(|about| about.len() > MOST) {
            let _stays = file.set_len(0);
        }
        let _full = file.write_all(second(shop, clock()).as_bytes());
    }
}

/// The lines of one second, each as another library writes it.
fn second(shop: Shop, at: Timestamp) -> String {
    let second = at.0.div_euclid(1000);
    let random = |channel: u64| shop.random(channel, second);
    let happens = |channel: u64, part: f64| random(channel) < part;
    let (time, name) = (at.rfc3339(), NAMES[(random(971) * NAMES.len() as f64) as usize % NAMES.len()]);
    let one = |name: &str| shop.metric(name, at).and_then(|all| all.first().map(|sample| sample.value)).unwrap_or(0.0);
    let mut lines = String::new();
    if happens(960, (one("shop_orders_per_minute") / 60.0).min(0.9)) {
        let order = 4000 + second % 5000;
        lines.push_str(&format!("{time} INFO shop.checkout - order {order} of {name} taken\n"));
    }
    if happens(961, (one("shop_error_ratio") * 4.0).min(0.95)) || !shop.is_up("checkout", at) {
        let took = 800.0 + 2400.0 * random(962);
        lines.push_str(&format!(
            "{time} ERROR shop.checkout.payment - payment of {name} refused: gateway timed out after {took:.0} ms\n\
             \tat com.acme.shop.Gateway.charge(Gateway.java:88)\n\tat com.acme.shop.Checkout.pay(Checkout.java:41)\n"
        ));
    }
    if happens(963, 0.8) {
        let took = 20.0 + 400.0 * random(964).powi(3);
        let level = if took > 250.0 { "warn" } else { "debug" };
        lines.push_str(&format!(
            "ts={time} level={level} logger=performance.db msg=\"query of the catalogue\" ms={took:.0}\n"
        ));
    }
    if happens(965, 0.05) {
        lines.push_str(&format!(
            "{{\"time\":\"{time}\",\"level\":40,\"name\":\"security.login\",\"msg\":\"wrong password of {name}\",\"from\":\"10.0.{:.0}.7\"}}\n",
            9.0 * random(966)
        ));
    }
    if happens(967, 0.08) {
        lines.push_str(&format!("{{\"time\":\"{time}\",\"level\":30,\"name\":\"feature.new_search\",\"msg\":\"search of {name} in 2 steps\"}}\n"));
    }
    if second % 60 == 0 {
        lines.push_str(&format!("{time} INFO shop.stock - stock counted: 14 shelves\n"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_something_of_every_kind_within_minutes() {
        let shop = Shop::new(1);
        let begin = Timestamp(1_795_275_000_000);
        let all: String = (0..3600).map(|n| second(shop, begin.plus(Span::seconds(n)))).collect();
        for part in
            ["order ", "refused", "\tat ", "logger=performance.db", "security.login", "feature.new_search", "counted"]
        {
            assert!(all.contains(part), "{part}");
        }
        let lines = all.lines().filter(|line| !line.starts_with('\t')).count();
        assert!((2000..9000).contains(&lines), "{lines} lines an hour");
    }
}
