//! The models of a log by the bytes of their names.

use super::digits::word;

/// The longest name that is kept, in words of eight bytes.
const LONGEST: usize = 8;

/// Places of the table; it is kept half empty.
const PLACES: usize = 1_024;

/// Names met before. Others are for the reader of single rows to understand.
pub struct Names {
    places: Vec<Option<Entry>>,
    used: usize,
}

#[derive(Clone, Copy)]
struct Entry {
    name: [u64; LONGEST],
    length: usize,
    model: usize,
}

impl Names {
    /// None yet.
    pub fn new() -> Names {
        Names { places: vec![None; PLACES], used: 0 }
    }

    /// The model whose name is the `length` bytes from `at`, after which sixteen bytes more can be read.
    #[inline]
    pub fn get(&self, bytes: &[u8], at: usize, length: usize) -> Option<usize> {
        let start = start(bytes, at, length)?;
        let mut place = hash(start, bytes, at, length)?;
        loop {
            let entry = self.places[place % PLACES].as_ref()?;
            let like = (entry.length == length) & (entry.name[0] == start[0]) & (entry.name[1] == start[1]);
            if like && (length <= 16 || same(&entry.name, bytes, at, length)) {
                return Some(entry.model);
            }
            place += 1;
        }
    }

    /// Remembers a name, if there is room and it is short enough.
    pub fn put(&mut self, name: &[u8], model: usize) {
        let length = name.len();
        if length == 0 || length > 8 * LONGEST || self.used >= PLACES / 2 {
            return;
        }
        let mut bytes = name.to_vec();
        bytes.extend([0; 16]);
        if self.get(&bytes, 0, length).is_some() {
            return;
        }
        let Some(start) = start(&bytes, 0, length) else { return };
        let Some(mut place) = hash(start, &bytes, 0, length) else { return };
        while self.places[place % PLACES].is_some() {
            place += 1;
        }
        let mut words = [0; LONGEST];
        for (index, place) in words.iter_mut().enumerate().take(length.div_ceil(8)) {
            *place = masked(&bytes, 0, length, index).unwrap_or(0);
        }
        self.places[place % PLACES] = Some(Entry { name: words, length, model });
        self.used += 1;
    }
}

/// The word of that index of a name, without what follows the name.
#[inline]
fn masked(bytes: &[u8], at: usize, length: usize, index: usize) -> Option<u64> {
    let left = length - 8 * index;
    let word = word(bytes, at + 8 * index)?;
    Some(if left >= 8 { word } else { word & ((1 << (8 * left)) - 1) })
}

/// The first two words of a name. Lengths change from row to row, so this does not branch on them.
#[inline]
fn start(bytes: &[u8], at: usize, length: usize) -> Option<[u64; 2]> {
    let masks = [length.min(8), length.saturating_sub(8).min(8)].map(|bytes| MASKS[bytes]);
    Some([word(bytes, at)? & masks[0], word(bytes, at + 8)? & masks[1]])
}

/// Words of which only the first bytes count, by how many.
const MASKS: [u64; 9] =
    [0, 0xff, 0xffff, 0xff_ffff, u32::MAX as u64, u64::MAX >> 24, u64::MAX >> 16, u64::MAX >> 8, u64::MAX];

#[inline]
fn hash(start: [u64; 2], bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut sum = (start[0] ^ start[1].rotate_left(29) ^ length as u64).wrapping_mul(MIX);
    for index in 2..length.div_ceil(8) {
        sum = (sum ^ masked(bytes, at, length, index)?).wrapping_mul(MIX);
    }
    Some((sum >> 40) as usize % PLACES)
}

#[inline]
fn same(name: &[u64; LONGEST], bytes: &[u8], at: usize, length: usize) -> bool {
    let mut words = name.iter().take(length.div_ceil(8)).enumerate();
    words.all(|(index, known)| masked(bytes, at, length, index) == Some(*known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart_by_every_byte() {
        let mut names = Names::new();
        let known = ["gpt-5.4", "gpt-5.4-", "gpt-5.4-mini", "gpt-5.4-mina", "abcdefgh", "abcdefghi"];
        for (model, name) in known.into_iter().enumerate() {
            names.put(name.as_bytes(), model);
        }
        for (model, name) in known.into_iter().enumerate() {
            let text = format!("x{name},1234567812345678");
            assert_eq!(names.get(text.as_bytes(), 1, name.len()), Some(model));
        }
        assert_eq!(names.get(b"gpt-5.5,1234567812345678", 0, 7), None);
    }

    #[test]
    fn a_full_table_takes_no_more() {
        let mut names = Names::new();
        for model in 0..2 * PLACES {
            names.put(format!("model-{model}").as_bytes(), model);
        }
        assert_eq!(names.used, PLACES / 2);
        assert_eq!(names.get(b"model-7,1234567812345678", 0, 7), Some(7));
        assert_eq!(names.get(b"model-2000,1234567812345678", 0, 10), None);
    }
}
