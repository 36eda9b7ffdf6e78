//! Shares a length out: everybody gets the least it needs, then what it needs to look good, then what it can use.

/// What one of several wants of a length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Want {
    /// Without it, it cannot be shown.
    pub(super) least: u16,
    /// With it, all that it says is seen.
    pub(super) good: u16,
    /// More would stay empty.
    pub(super) most: u16,
    /// How much it gets of what is beyond good, beside others.
    pub(super) weight: u16,
    /// Whether it has just what it wants, also when there is more than anybody can use.
    pub(super) is_fixed: bool,
    /// 1 for what is well, more for what needs its room first.
    pub(super) urgency: u16,
}

/// So much sooner than others what is urgent comes near to good.
const SOONER: f64 = 8.0;

impl Want {
    fn haste(&self) -> f64 {
        if self.urgency > 1 { SOONER } else { 1.0 }
    }
}

/// A step of sharing: how much a want gets in it at most, and its weight beside the others.
type Step = fn(&Want) -> (f64, f64);

/// The shares, which add up to the whole length unless the least of all do not fit in it, or all are fixed.
pub(super) fn shares(length: u16, wants: &[Want]) -> Vec<u16> {
    let mut given: Vec<f64> = wants.iter().map(|want| f64::from(want.least)).collect();
    let mut left = f64::from(length) - given.iter().sum::<f64>();
    let steps: [Step; 3] = [
        // Towards good by what is missing, so that all come equally near.
        |want| (f64::from(want.good), f64::from(want.good.saturating_sub(want.least)) * want.haste()),
        |want| (f64::from(want.most), f64::from(want.weight.max(1) * want.urgency)),
        // Nobody can use what is left now; it is not left empty between panels either.
        |want| (f64::INFINITY, if want.is_fixed { 0.0 } else { f64::from(want.weight.max(1)) }),
    ];
    for step in steps {
        left = raise(&mut given, wants, left, step);
    }
    // From the sum, so that roundings do not add up to a gap at the end.
    let (mut due, mut done) = (0.0, 0_u32);
    let whole = |part: f64| {
        due += part;
        let share = (f64::round(due) as u32).saturating_sub(done);
        done += share;
        u16::try_from(share).unwrap_or(u16::MAX)
    };
    given.into_iter().map(whole).collect()
}

/// Raises what each has towards its cap, by its weight. Returns what is left.
fn raise(given: &mut [f64], wants: &[Want], mut left: f64, step: Step) -> f64 {
    // Each round fills at least one of them, or gives everything away.
    for _ in 0..wants.len() {
        let open = |(given, want): &(&mut f64, &Want)| **given < step(want).0 && step(want).1 > 0.0;
        let total: f64 = given.iter_mut().zip(wants).filter(open).map(|(_, want)| step(want).1).sum();
        if left < 0.5 || total <= 0.0 {
            break;
        }
        let mut spent = 0.0;
        for (given, want) in given.iter_mut().zip(wants).filter(open) {
            let (cap, weight) = step(want);
            let more = (left * weight / total).min(cap - *given);
            *given += more;
            spent += more;
        }
        left -= spent;
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn want(least: u16, good: u16, most: u16) -> Want {
        Want { least, good, most, weight: 1, is_fixed: false, urgency: 1 }
    }

    #[test]
    fn first_the_least_then_good_then_most_then_whatever_is_left() {
        let wants = [want(2, 4, 4), want(2, 10, 20)];
        assert_eq!(shares(4, &wants), [2, 2]);
        assert_eq!(shares(9, &wants), [3, 6], "half of what is missing to each");
        assert_eq!(shares(14, &wants), [4, 10]);
        assert_eq!(shares(24, &wants), [4, 20], "who can use it gets it");
        assert_eq!(shares(30, &wants), [7, 23]);
        let fixed = [Want { is_fixed: true, ..want(2, 4, 4) }, want(2, 10, 20)];
        assert_eq!(shares(30, &fixed), [4, 26]);
    }

    #[test]
    fn nothing_is_lost_and_nobody_gets_less_than_the_least() {
        for length in 6..200 {
            let wants = [want(3, 7, 9), want(1, 1, 1), want(2, 40, 41)];
            let shares = shares(length, &wants);
            assert_eq!(shares.iter().sum::<u16>(), length);
            assert!(shares.iter().zip(&wants).all(|(share, want)| *share >= want.least), "{length}: {shares:?}");
        }
    }
}
