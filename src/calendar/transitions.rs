//! A zone made of its clock changes.
//!
//! Source: RFC 9636 (TZif): the one form in which jiff takes a list of them. Version 2, with an empty block for
//! programs of 32 bits and without a rule for what comes after.

use jiff::tz::TimeZone;

/// Most kinds of clocks: their indices are bytes.
const MOST_KINDS: usize = 255;

/// The offset of clocks from a moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Transition {
    /// Seconds since 1970.
    pub(super) at: i64,
    /// Seconds ahead of UTC.
    pub(super) offset: i32,
    pub(super) is_daylight: bool,
}

/// The zone of these transitions, of which the first tells what was before all others. `None` where they cannot be
/// those of a zone.
pub(super) fn zone(transitions: &[Transition]) -> Option<TimeZone> {
    let mut kinds: Vec<(i32, bool)> = Vec::new();
    let mut later: Vec<(i64, u8)> = Vec::new();
    for transition in transitions {
        let kind = (transition.offset, transition.is_daylight);
        let index = kinds.iter().position(|known| *known == kind).unwrap_or(kinds.len());
        if index == kinds.len() {
            kinds.push(kind);
        }
        later.push((transition.at, u8::try_from(index).ok()?));
    }
    later = later.split_off(later.len().min(1));
    if kinds.is_empty() || kinds.len() > MOST_KINDS {
        return None;
    }
    // Of two at one moment the one that is written later counts.
    later.sort_by_key(|(at, _)| *at);
    later.dedup_by(|next, kept| {
        next.0 == kept.0 && {
            *kept = *next;
            true
        }
    });
    TimeZone::tzif("", &tzif(&kinds, &later)).ok()
}

fn tzif(kinds: &[(i32, bool)], later: &[(i64, u8)]) -> Vec<u8> {
    let mut file = block(&[(0, false)], &[]);
    file.extend(block(kinds, later));
    file.extend(b"\n\n");
    file
}

/// A header and its data. One name stands for all kinds of clocks: nobody is shown it.
fn block(kinds: &[(i32, bool)], later: &[(i64, u8)]) -> Vec<u8> {
    const NAME: &[u8] = b"own\0";
    let mut block = b"TZif2".to_vec();
    block.extend([0; 15]);
    for count in [0, 0, 0, later.len(), kinds.len(), NAME.len()] {
        block.extend((count as u32).to_be_bytes());
    }
    block.extend(later.iter().flat_map(|(at, _)| at.to_be_bytes()));
    block.extend(later.iter().map(|(_, kind)| *kind));
    for (offset, is_daylight) in kinds {
        block.extend(offset.to_be_bytes());
        block.extend([u8::from(*is_daylight), 0]);
    }
    block.extend(NAME);
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_change_when_the_transitions_say_so() {
        let at = |at: i64, offset: i32| Transition { at, offset, is_daylight: offset == 7200 };
        let zone = zone(&[at(i64::MIN, 0), at(2000, 7200), at(1000, 3600), at(2000, 60)]).unwrap();
        let offset =
            |second: i64| jiff::Timestamp::from_second(second).unwrap().to_zoned(zone.clone()).offset().seconds();
        assert_eq!([0, 999, 1000, 1999, 2000, 4_000_000_000].map(offset), [0, 0, 3600, 3600, 60, 60]);
    }

    #[test]
    fn what_is_no_zone_is_none() {
        assert_eq!(zone(&[]), None);
        assert_eq!(zone(&[Transition { at: i64::MIN, offset: 400_000, is_daylight: false }]), None);
        let many = |n: i32| Transition { at: n.into(), offset: n, is_daylight: false };
        assert_eq!(zone(&(0..300).map(many).collect::<Vec<_>>()), None);
    }
}
