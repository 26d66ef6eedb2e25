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

    /// The model whose name is the `length` bytes from `at`, after which eight bytes more can be read.
    #[inline]
    pub fn get(&self, bytes: &[u8], at: usize, length: usize) -> Option<usize> {
        let mut place = hash(bytes, at, length)?;
        loop {
            let entry = self.places[place % PLACES].as_ref()?;
            if entry.length == length && same(&entry.name, bytes, at, length) {
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
        bytes.extend([0; 8]);
        if self.get(&bytes, 0, length).is_some() {
            return;
        }
        let Some(mut place) = hash(&bytes, 0, length) else { return };
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

#[inline]
fn hash(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let mut sum = length as u64;
    for index in 0..length.div_ceil(8) {
        sum = (sum ^ masked(bytes, at, length, index)?).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        sum ^= sum >> 32;
    }
    Some(sum as usize % PLACES)
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
            let text = format!("x{name},12345678");
            assert_eq!(names.get(text.as_bytes(), 1, name.len()), Some(model));
        }
        assert_eq!(names.get(b"gpt-5.5,12345678", 0, 7), None);
    }

    #[test]
    fn a_full_table_takes_no_more() {
        let mut names = Names::new();
        for model in 0..2 * PLACES {
            names.put(format!("model-{model}").as_bytes(), model);
        }
        assert_eq!(names.used, PLACES / 2);
        assert_eq!(names.get(b"model-7,12345678", 0, 7), Some(7));
        assert_eq!(names.get(b"model-2000,12345678", 0, 10), None);
    }
}
