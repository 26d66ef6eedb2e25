//! Parquet's runs of small whole numbers: one number many times, or many packed to as few bits as they need.

/// Numbers of a fixed width in bits, being read.
#[derive(Clone, Copy, Debug)]
pub struct Runs {
    /// Where the next run begins.
    at: usize,
    /// Where the last one ends.
    end: usize,
    width: usize,
    run: Run,
}

#[derive(Clone, Copy, Debug)]
enum Run {
    /// The same number, `left` times.
    Same { value: u32, left: usize },
    /// Packed numbers from byte `start`; `done` of them are read.
    Packed { start: usize, done: usize, left: usize },
}

/// Bytes that eight packed numbers of 32 bits need, and eight more to read words.
const WINDOW: usize = 40;

impl Runs {
    /// The runs between two bytes of a page; `None` for a width beyond 32 bits.
    pub fn new(at: usize, end: usize, width: usize) -> Option<Runs> {
        (width <= 32).then_some(Runs { at, end, width, run: Run::Same { value: 0, left: 0 } })
    }

    /// How often `value` stands at the beginning, if a run of the same number is there.
    pub fn leading(mut self, bytes: &[u8], value: u32) -> usize {
        match self.next(bytes) {
            Some(Run::Same { value: found, left }) if found == value => left,
            _ => 0,
        }
    }

    /// Reads as many numbers as `out` holds, each as what `value` makes of it; `None` if the runs end before.
    pub fn fill<T: Copy>(
        &mut self,
        bytes: &[u8],
        out: &mut [T],
        value: &mut impl FnMut(u32) -> T,
    ) -> Option<()> {
        let mut out = out;
        while !out.is_empty() {
            let width = self.width;
            match &mut self.run {
                Run::Same { left: 0, .. } | Run::Packed { left: 0, .. } => self.run = self.next(bytes)?,
                Run::Same { value: number, left } => {
                    let count = out.len().min(*left);
                    let (now, later) = out.split_at_mut(count);
                    now.fill(value(*number));
                    *left -= count;
                    out = later;
                }
                Run::Packed { start, done, left } => {
                    let count = out.len().min(*left);
                    let (now, later) = out.split_at_mut(count);
                    unpack(bytes.get(*start..)?, width, *done, now, value)?;
                    *done += count;
                    *left -= count;
                    out = later;
                }
            }
        }
        Some(())
    }

    fn next(&mut self, bytes: &[u8]) -> Option<Run> {
        let (mut head, mut shift) = (0_u64, 0);
        loop {
            let byte = *bytes.get(..self.end)?.get(self.at)?;
            self.at += 1;
            head |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                break;
            }
            if shift > 35 {
                return None;
            }
        }
        let count = usize::try_from(head >> 1).ok()?;
        if head & 1 == 1 {
            let start = self.at;
            // The last run may be cut where its numbers end; reading what is not there fails later.
            self.at = start.checked_add(count.checked_mul(self.width)?)?.min(self.end);
            return Some(Run::Packed { start, done: 0, left: count.checked_mul(8)? });
        }
        let length = self.width.div_ceil(8);
        let stored = bytes.get(self.at..self.at + length)?;
        self.at += length;
        let value = stored.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
        Some(Run::Same { value, left: count })
    }
}

/// Reads packed numbers, from the one after `done` on.
fn unpack<T>(
    bytes: &[u8],
    width: usize,
    done: usize,
    out: &mut [T],
    value: &mut impl FnMut(u32) -> T,
) -> Option<()> {
    // Up to a whole byte one by one, then eight at a time, then what is left.
    let head = (8 - done % 8) % 8;
    let (first, rest) = out.split_at_mut(head.min(out.len()));
    one_by_one(bytes, width, done, first, value)?;
    let done = done + first.len();
    let mut groups = 0;
    if !rest.is_empty() {
        macro_rules! widths {
            ($($bits:literal)*) => {
                match width {
                    $($bits => groups = eights::<$bits, T>(bytes.get(done / 8 * width..)?, rest, value),)*
                    _ => {}
                }
            };
        }
        widths!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20);
    }
    one_by_one(bytes, width, done + 8 * groups, &mut rest[8 * groups..], value)
}

/// Reads as many groups of eight numbers as can be read in words; how many.
fn eights<const WIDTH: usize, T>(bytes: &[u8], out: &mut [T], value: &mut impl FnMut(u32) -> T) -> usize {
    let mask = (1_u64 << WIDTH) - 1;
    let mut groups = 0;
    for eight in out.as_chunks_mut::<8>().0 {
        let Some(window) = bytes.get(groups * WIDTH..).and_then(|rest| rest.first_chunk::<WINDOW>()) else {
            break;
        };
        for (index, place) in eight.iter_mut().enumerate() {
            let (byte, shift) = (index * WIDTH / 8, index * WIDTH % 8);
            let mut word = [0; 8];
            word.copy_from_slice(&window[byte..byte + 8]);
            *place = value((u64::from_le_bytes(word) >> shift & mask) as u32);
        }
        groups += 1;
    }
    groups
}

fn one_by_one<T>(
    bytes: &[u8],
    width: usize,
    done: usize,
    out: &mut [T],
    value: &mut impl FnMut(u32) -> T,
) -> Option<()> {
    let mask = (1_u64 << width) - 1;
    for (index, place) in out.iter_mut().enumerate() {
        let bit = (done + index) * width;
        let (byte, shift) = (bit / 8, bit % 8);
        let length = (shift + width).div_ceil(8);
        let stored = bytes.get(byte..byte + length)?;
        let word = stored.iter().rev().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        *place = value((word >> shift & mask) as u32);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers packed to `width` bits, with the head of their run.
    fn packed(numbers: &[u32], width: usize) -> Vec<u8> {
        let groups = numbers.len().div_ceil(8);
        let mut bits = vec![0_u8; groups * width];
        for (index, number) in numbers.iter().enumerate() {
            for bit in (0..width).filter(|bit| number >> bit & 1 == 1) {
                let at = index * width + bit;
                bits[at / 8] |= 1 << (at % 8);
            }
        }
        let head = groups << 1 | 1;
        let mut bytes = vec![(head & 0x7f) as u8 | 0x80, (head >> 7) as u8];
        bytes.extend(bits);
        bytes
    }

    #[test]
    fn packed_numbers_of_every_width_are_read_in_pieces_of_any_length() {
        for width in 1..=32 {
            let most = u32::MAX >> (32 - width);
            let numbers: Vec<u32> = (0..96_u32).map(|at| at.wrapping_mul(2_654_435_761) & most).collect();
            let bytes = packed(&numbers, width);
            for piece in [1, 3, 7, 8, 24, 50, 96] {
                let mut runs = Runs::new(0, bytes.len(), width).unwrap();
                let mut read = vec![0; 96];
                for part in read.chunks_mut(piece) {
                    runs.fill(&bytes, part, &mut |number| number).unwrap();
                }
                assert_eq!(read, numbers, "{width} bits in pieces of {piece}");
                assert!(runs.fill(&bytes, &mut [0], &mut |number| number).is_none());
            }
        }
    }

    #[test]
    fn runs_of_one_number_and_packed_ones_follow_each_other() {
        // Five times 3 in two bits, then eight packed ones.
        let mut bytes = vec![5 << 1, 3, 1 << 1 | 1];
        bytes.extend([0b11_10_01_00, 0b11_10_01_00]);
        let mut runs = Runs::new(0, bytes.len(), 2).unwrap();
        assert_eq!((runs.leading(&bytes, 3), runs.leading(&bytes, 2)), (5, 0));
        let mut read = [0; 13];
        runs.fill(&bytes, &mut read, &mut |number| number).unwrap();
        assert_eq!(read, [3, 3, 3, 3, 3, 0, 1, 2, 3, 0, 1, 2, 3]);
    }

    #[test]
    fn broken_runs_end() {
        for bytes in [&[0xff_u8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff][..], &[3, 1][..], &[4][..], &[][..]] {
            let mut runs = Runs::new(0, bytes.len(), 8).unwrap();
            assert!(runs.fill(bytes, &mut [0; 16], &mut |number| number).is_none());
        }
        assert!(Runs::new(0, 0, 33).is_none());
    }
}
