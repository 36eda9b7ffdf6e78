//! Samples without end, of which a random choice stands for all.

use crate::model::percentile::nearest_rank;

/// Samples kept, as Telegraf's statsd input has it.
const MAX_SAMPLES: usize = 1000;

/// Of all samples that were seen each has the same chance to be among those kept (Vitter 1985, algorithm R).
#[derive(Debug, Clone, Default)]
pub struct Reservoir {
    samples: Vec<f64>,
    seen: u64,
}

impl Reservoir {
    /// Sees a sample.
    pub fn add(&mut self, sample: f64) {
        self.seen += 1;
        if self.samples.len() < MAX_SAMPLES {
            self.samples.push(sample);
        } else if let Some(place) = self.samples.get_mut(fastrand::u64(..self.seen) as usize) {
            *place = sample;
        }
    }

    /// These percentiles (above 0, at most 100) of what was kept, by nearest rank; none of nothing.
    pub fn percentiles<'a>(&'a mut self, percents: &'a [f64]) -> impl Iterator<Item = (f64, f64)> + 'a {
        self.samples.sort_unstable_by(f64::total_cmp);
        percents.iter().filter_map(|percent| Some((*percent, nearest_rank(&self.samples, *percent)?)))
    }

    /// Begins anew.
    pub fn clear(&mut self) {
        self.samples.clear();
        self.seen = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_without_end_are_bounded_and_their_median_is_about_that_of_all() {
        let mut reservoir = Reservoir::default();
        for n in 0..200_000 {
            reservoir.add(f64::from(n));
        }
        assert_eq!(reservoir.samples.len(), MAX_SAMPLES);
        let (_, median) = reservoir.percentiles(&[50.0]).next().unwrap();
        assert!((80_000.0..120_000.0).contains(&median), "{median}");
        reservoir.clear();
        assert_eq!(reservoir.percentiles(&[50.0]).count(), 0);
    }
}
