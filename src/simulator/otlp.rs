//! What the API of the shop sends as OTLP: requests, how long they took, and its memory, every five seconds.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Duration, MissedTickBehavior, interval};

use super::shop::Shop;
use crate::model::time::{Span, Timestamp};

/// The port of OTLP over HTTP.
pub(super) const PORT: u16 = 4318;
/// How much past is told at the start.
const PAST: Span = Span::seconds(3600);
/// Between two exports.
const STEP: Span = Span::seconds(5);
/// `AGGREGATION_TEMPORALITY_DELTA`
const DELTA: u8 = 1;
/// Bounds of the histogram, in milliseconds.
const BOUNDS: [f64; 6] = [25.0, 50.0, 100.0, 250.0, 1000.0, 4000.0];
/// The routes of the API, and their part of all requests.
const ROUTES: [(&str, f64); 3] = [("/cart", 0.5), ("/pay", 0.2), ("/search", 0.3)];

/// Tells the past, then exports what happens as it happens.
pub(super) async fn talk(shop: Shop, to: SocketAddr, clock: impl Fn() -> Timestamp) {
    let now = clock();
    let past: Vec<Timestamp> = (1..PAST.0 / STEP.0).rev().map(|n| now.minus(Span(n * STEP.0))).collect();
    export(to, &metrics(shop, &past)).await;
    let mut steps = interval(Duration::from_secs(5));
    steps.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        steps.tick().await;
        export(to, &metrics(shop, &[clock()])).await;
    }
}

/// Sends a request. An exporter whose collector is away drops what it has.
async fn export(to: SocketAddr, body: &Value) {
    let body = body.to_string();
    let sent = async {
        let mut stream = TcpStream::connect(to).await?;
        let head = format!(
            "POST /v1/metrics HTTP/1.1\r\nHost: {to}\r\nContent-Type: application/json\r\nConnection: close\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
        stream.read_to_end(&mut Vec::new()).await
    };
    let _away = tokio::time::timeout(Duration::from_secs(5), sent).await;
}

/// The metrics of some moments.
fn metrics(shop: Shop, moments: &[Timestamp]) -> Value {
    let each = |point: &dyn Fn(Timestamp) -> Vec<Value>| moments.iter().flat_map(|at| point(*at)).collect::<Vec<_>>();
    let memory = each(&|at| {
        let drift = shop.random(981, at.0 / 60_000);
        vec![json!({ "timeUnixNano": nanos(at), "asDouble": (180.0 + 40.0 * drift) * 1024.0 * 1024.0 })]
    });
    let requests = each(&|at| {
        let count = |(route, part): &(&str, f64)| {
            let count = (per_second(shop, at) * part * STEP.as_seconds()).round();
            json!({ "timeUnixNano": nanos(at), "asInt": format!("{count:.0}"), "attributes": attributes(&[("http.route", route)]) })
        };
        ROUTES.iter().map(count).collect()
    });
    let durations = each(&|at| vec![duration(shop, at)]);
    let sum =
        |points: Vec<Value>| json!({ "dataPoints": points, "aggregationTemporality": DELTA, "isMonotonic": true });
    json!({ "resourceMetrics": [{
        "resource": { "attributes": attributes(&[("service.name", "api"), ("deployment.environment.name", "production")]) },
        "scopeMetrics": [{ "metrics": [
            { "name": "http.server.requests", "unit": "{request}", "sum": sum(requests) },
            { "name": "http.server.request.duration", "unit": "ms",
              "histogram": { "dataPoints": durations, "aggregationTemporality": DELTA } },
            { "name": "process.memory.usage", "unit": "By", "gauge": { "dataPoints": memory } },
        ] }],
    }] })
}

/// Requests that took so long, in buckets.
fn duration(shop: Shop, at: Timestamp) -> Value {
    let latency = shop.metric("shop_latency_seconds", at).unwrap_or_default();
    let middle = latency.first().map_or(100.0, |sample| sample.value * 300.0);
    let count = (per_second(shop, at) * STEP.as_seconds()).round();
    // Shares below a bound, with a tail that gets longer as the middle does.
    let below = |bound: f64| 1.0 - (-(bound / middle).powf(1.3) * std::f64::consts::LN_2).exp();
    let ends: Vec<f64> = BOUNDS.iter().map(|bound| (below(*bound) * count).round()).chain([count]).collect();
    let counts = ends.iter().scan(0.0, |before, end| Some(format!("{:.0}", end - std::mem::replace(before, *end))));
    json!({
        "timeUnixNano": nanos(at),
        "count": format!("{count:.0}"),
        "explicitBounds": BOUNDS,
        "bucketCounts": counts.collect::<Vec<_>>(),
    })
}

fn per_second(shop: Shop, at: Timestamp) -> f64 {
    let orders = shop.metric("shop_orders_per_minute", at).and_then(|all| all.first().map(|sample| sample.value));
    orders.unwrap_or(0.0) * 0.6 * (0.9 + 0.2 * shop.random(980, at.0 / 5000))
}

fn nanos(at: Timestamp) -> String {
    (i128::from(at.0) * 1_000_000).to_string()
}

fn attributes(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(key, value)| json!({ "key": key, "value": { "stringValue": value } })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_add_up_to_the_count() {
        for minute in 0..60 {
            let point = duration(Shop::new(1), Timestamp(1_795_275_000_000 + minute * 60_000));
            let number = |value: &Value| value.as_str().and_then(|text| text.parse::<i64>().ok()).unwrap();
            let counts: Vec<i64> = point["bucketCounts"].as_array().unwrap().iter().map(number).collect();
            assert_eq!((counts.iter().sum::<i64>(), counts.len()), (number(&point["count"]), BOUNDS.len() + 1));
            assert!(counts.iter().all(|count| *count >= 0), "{counts:?}");
        }
    }
}
