//! Numbers as bytes: whole ones in as few as they need (LEB128), others by the bytes in which they differ from the one
//! before.

/// Writes a block.
#[derive(Debug)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn new(kind: u8, count: usize) -> Self {
        let mut writer = Self(vec![kind]);
        writer.unsigned(count as u64);
        writer
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(super) fn unsigned(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// Numbers near zero are short, whatever their sign.
    pub(super) fn signed(&mut self, number: i64) {
        self.unsigned(((number << 1) ^ (number >> 63)).cast_unsigned());
    }

    /// The bytes that differ from the value before, with how many equal ones stand before and behind them.
    pub(super) fn value(&mut self, values: &mut Values, value: f64) {
        let bits = value.to_bits();
        let changed = bits ^ std::mem::replace(&mut values.0, bits);
        let before = (changed.leading_zeros() / 8) as usize;
        let behind = if changed == 0 { 0 } else { (changed.trailing_zeros() / 8) as usize };
        self.0.push((before as u8) << 4 | behind as u8);
        self.0.extend(changed.to_be_bytes().iter().take(8 - behind).skip(before));
    }

    pub(super) fn done(self) -> Vec<u8> {
        self.0
    }
}

/// The bits of the last value of a column.
#[derive(Debug, Default)]
pub(super) struct Values(u64);

/// Reads a block; none where it is at an end too early.
#[derive(Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// A reader behind the head of a block of this kind, and how much there is in it.
    pub(super) fn new(bytes: &'a [u8], kind: u8, most: usize) -> Option<(Self, usize)> {
        let mut reader = Self(bytes);
        let is_of_kind = reader.byte()? == kind;
        let count = usize::try_from(reader.unsigned()?).ok()?;
        (is_of_kind && count <= most).then_some((reader, count))
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn unsigned(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn signed(&mut self) -> Option<i64> {
        let number = self.unsigned()?;
        Some((number >> 1).cast_signed() ^ -((number & 1).cast_signed()))
    }

    pub(super) fn value(&mut self, values: &mut Values) -> Option<f64> {
        let head = self.byte()?;
        let (before, behind) = (usize::from(head >> 4), usize::from(head & 0x0f));
        let length = 8_usize.checked_sub(before + behind)?;
        let (own, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        let mut bytes = [0; 8];
        bytes.get_mut(before..before + length)?.copy_from_slice(own);
        values.0 ^= u64::from_be_bytes(bytes);
        Some(f64::from_bits(values.0))
    }

    /// Whether all of it was read.
    pub(super) const fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}
