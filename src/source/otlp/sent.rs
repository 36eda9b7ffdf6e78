//! The points of a request, one after the other, whatever they are of.

use std::rc::Rc;

use super::attributes::KeyValue;
use super::identity::Origin;
use super::messages::{
    ExponentialHistogram, ExponentialPoint, Histogram, HistogramPoint, Metric, Metrics, NumberPoint, Sum, SummaryPoint,
};

/// A point of a metric.
pub(super) struct Sent<'a> {
    pub(super) origin: Rc<Origin>,
    pub(super) name: &'a str,
    pub(super) form: Form<'a>,
}

/// What a point is, and what its metric says of all of its points.
#[derive(Clone, Copy)]
pub(super) enum Form<'a> {
    Gauge(&'a NumberPoint),
    Sum(&'a Sum, &'a NumberPoint),
    Explicit(&'a Histogram, &'a HistogramPoint),
    Exponential(&'a ExponentialHistogram, &'a ExponentialPoint),
    Summary(&'a SummaryPoint),
}

/// What every point has. Moments are in nanoseconds.
pub(super) struct Head<'a> {
    pub(super) attributes: &'a [KeyValue],
    pub(super) start: u64,
    pub(super) time: u64,
    pub(super) flags: u32,
}

/// All points of a request, in its order.
pub(super) fn points(request: &Metrics) -> Vec<Sent<'_>> {
    let mut all = Vec::new();
    for of in &request.resource_metrics {
        for scope in &of.scope_metrics {
            let origin = Rc::new(Origin::new(of.resource.as_ref(), scope.scope.as_ref()));
            for metric in &scope.metrics {
                let sent = |form| Sent { origin: Rc::clone(&origin), name: &metric.name, form };
                all.extend(forms(metric).map(sent));
            }
        }
    }
    all
}

fn forms(metric: &Metric) -> impl Iterator<Item = Form<'_>> {
    let gauges = metric.gauge.iter().flat_map(|gauge| &gauge.data_points).map(Form::Gauge);
    let sums = metric.sum.iter().flat_map(|sum| sum.data_points.iter().map(move |point| Form::Sum(sum, point)));
    let explicit = metric.histogram.iter();
    let explicit = explicit.flat_map(|of| of.data_points.iter().map(move |point| Form::Explicit(of, point)));
    let exponential = metric.exponential_histogram.iter();
    let exponential = exponential.flat_map(|of| of.data_points.iter().map(move |point| Form::Exponential(of, point)));
    let summaries = metric.summary.iter().flat_map(|summary| &summary.data_points).map(Form::Summary);
    gauges.chain(sums).chain(explicit).chain(exponential).chain(summaries)
}

/// The head of a point, whose fields have one name in all of them.
macro_rules! head {
    ($point:expr) => {{
        let point = $point;
        let (start, time) = (point.start_time_unix_nano, point.time_unix_nano);
        Head { attributes: &point.attributes, start, time, flags: point.flags }
    }};
}

impl<'a> Form<'a> {
    pub(super) fn head(self) -> Head<'a> {
        match self {
            Self::Gauge(point) | Self::Sum(_, point) => head!(point),
            Self::Explicit(_, point) => head!(point),
            Self::Exponential(_, point) => head!(point),
            Self::Summary(point) => head!(point),
        }
    }
}
