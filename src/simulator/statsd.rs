//! What the programs of the shop say in StatsD: what they count and measure, second by second.

use std::net::SocketAddr;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Duration, MissedTickBehavior, interval};

use super::shop::Shop;
use crate::model::time::{Span, Timestamp};

/// The port of StatsD.
pub(super) const PORT: u16 = 8125;
/// How much past is told at the start.
const PAST: Span = Span::seconds(3600);
/// Between two values of the past: that of two flushes.
const STEP: Span = Span::seconds(10);
/// Between two rounds of service checks, and two events, in seconds.
const CHECKS_EVERY: i64 = 5;
const EVENT_EVERY: i64 = 1500;

/// Tells the past, then says what happens as it happens.
pub(super) async fn talk(shop: Shop, to: SocketAddr, clock: impl Fn() -> Timestamp) {
    let Ok(socket) = UdpSocket::bind((to.ip(), 0)).await else { return };
    if let Ok(mut stream) = TcpStream::connect(to).await {
        // Whoever does not listen yet misses the past; what happens now is told by packets.
        let _missed = stream.write_all(past(shop, clock()).as_bytes()).await;
    }
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        seconds.tick().await;
        // Nobody hears of a packet that was lost; that is what UDP is for.
        let _lost = socket.send_to(second(shop, clock()).as_bytes(), to).await;
    }
}

/// The last hour, each value with its moment.
fn past(shop: Shop, now: Timestamp) -> String {
    let steps = PAST.0 / STEP.0;
    let value = |n: i64| {
        let at = now.minus(Span(n * STEP.0));
        let seconds = at.0.div_euclid(1000);
        let [orders, failed, carts] = counted(shop, at);
        let per_step = STEP.0 as f64 / 1000.0;
        let [middle, slow, slowest] = checkout_times(shop, at);
        format!(
            "shop.orders:{:.0}|c|T{seconds}\nshop.payments.failed:{:.0}|c|T{seconds}\nshop.carts:{carts:.0}|g|T{seconds}\n\
             shop.checkout.time.p50:{middle:.0}|g|T{seconds}\nshop.checkout.time.p90:{slow:.0}|g|T{seconds}\n\
             shop.checkout.time.p99:{slowest:.0}|g|T{seconds}\n",
            orders * per_step,
            failed * per_step
        )
    };
    let events = (now.minus(PAST).0.div_euclid(1000)..now.0.div_euclid(1000)).filter_map(|second| event(second, true));
    (1..=steps).rev().map(value).chain(events).collect()
}

/// What is said in one second.
fn second(shop: Shop, now: Timestamp) -> String {
    let second = now.0.div_euclid(1000);
    let [orders, failed, carts] = counted(shop, now);
    // Whole ones, so that they add up to the rate.
    let whole = |rate: f64, channel: u64| (rate + shop.random(channel, second)).floor();
    let [middle, _, slowest] = checkout_times(shop, now);
    let times: Vec<String> = (0..8)
        .map(|n| {
            let spread = shop.random(940 + n, second);
            format!("{:.0}", middle * (0.6 + 0.8 * spread) + (slowest - middle) * spread.powi(12))
        })
        .collect();
    let mut text = format!(
        "shop.orders:{}|c\nshop.payments.failed:{}|c\nshop.carts:{carts:.0}|g\nshop.checkout.time:{}|ms\n\
         shop.search.results:{}|h|#service:search\nmail.queue:{}|g|#service:mail\n",
        whole(orders, 950),
        whole(failed, 951),
        times.join(":"),
        (40.0 * shop.random(952, second)).floor(),
        (12.0 * shop.random(953, second / 7)).floor(),
    );
    if second % CHECKS_EVERY == 0 {
        for (service, down) in [("checkout", 2), ("payments", 1), ("search", 2), ("mail", 2)] {
            let is_well = match service {
                // Payments wait for checkout.
                "payments" => shop.is_up("checkout", now),
                other => shop.is_up(other, now),
            };
            text.push_str(&format!("_sc|{service}|{}\n", if is_well { 0 } else { down }));
        }
    }
    text.extend(event(second, false));
    text
}

/// A campaign begins from time to time.
fn event(second: i64, with_moment: bool) -> Option<String> {
    (second % EVENT_EVERY == 0).then(|| {
        let title = format!("campaign mail {} sent", second / EVENT_EVERY % 100);
        let moment = if with_moment { format!("|d:{second}") } else { String::new() };
        format!("_e{{{},0}}:{title}|{moment}|#kind:note,service:mail\n", title.len())
    })
}

/// Orders and failed payments a second, and open carts.
fn counted(shop: Shop, at: Timestamp) -> [f64; 3] {
    let one = |name: &str| shop.metric(name, at).and_then(|all| all.first().map(|sample| sample.value)).unwrap_or(0.0);
    let orders = one("shop_orders_per_minute") / 60.0;
    [orders, orders * one("shop_error_ratio") * 4.0, one("shop_carts_open")]
}

/// The median, and what one in ten and one in a hundred wait longer for, in milliseconds.
fn checkout_times(shop: Shop, at: Timestamp) -> [f64; 3] {
    let all = shop.metric("shop_latency_seconds", at).unwrap_or_default();
    let of = |n: usize| all.get(n).map_or(0.0, |sample| sample.value * 1000.0);
    [of(0), of(0) * 1.4, of(2) * 0.8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_fits_into_a_packet_and_the_past_has_a_value_each_step() {
        let (shop, now) = (Shop::new(1), Timestamp(1_795_267_800_000));
        assert!(second(shop, now).len() < 1400, "{}", second(shop, now));
        let past = past(shop, now);
        assert_eq!(past.matches("shop.orders:").count(), 360);
        assert!(past.contains("_e{") && past.is_ascii());
    }
}
