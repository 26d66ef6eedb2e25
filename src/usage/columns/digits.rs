//! Numbers and marks in text, eight bytes at a time.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The eight bytes from `at`, the first one lowest.
#[inline]
pub fn word(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk::<8>().map(|chunk| u64::from_le_bytes(*chunk))
}

/// Whether any byte is no ASCII.
#[inline]
pub fn is_foreign(word: u64) -> bool {
    word & HIGH != 0
}

/// The bytes of a word that are `byte`, each as its highest bit; right up to and with the first one.
#[inline]
pub fn marks(word: u64, byte: u8) -> u64 {
    let zero = word ^ (ONES * u64::from(byte));
    zero.wrapping_sub(ONES) & !zero & HIGH
}

/// The control characters of a word below 16, line ends among them, each as its highest bit; right up to and
/// with the first one.
#[inline]
pub fn controls(word: u64) -> u64 {
    word.wrapping_sub(ONES * 16) & !word & HIGH
}

/// The number that the digits at the beginning of a word spell, and how many they are, 0 to 8.
#[inline]
pub fn number(word: u64) -> (u64, usize) {
    let values = word ^ (ONES * u64::from(b'0'));
    // A byte above 9 gets its highest bit, or has it; carries reach only what follows such a byte.
    let others = (values.wrapping_add(ONES * 0x76) | values) & HIGH;
    let length = others.trailing_zeros() as usize / 8;
    if length == 0 {
        return (0, 0);
    }
    // Digits move to the end, zeros stand before them; pairs, fours and all eight are joined in turn.
    let values = values << (64 - 8 * length);
    let pairs = values.wrapping_mul(10).wrapping_add(values >> 8);
    let mask = 0x0000_00ff_0000_00ff;
    let high = (pairs & mask).wrapping_mul(100 + (1_000_000 << 32));
    let low = ((pairs >> 16) & mask).wrapping_mul(1 + (10_000 << 32));
    (high.wrapping_add(low) >> 32, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (u64, usize) {
        let mut bytes = text.as_bytes().to_vec();
        bytes.extend([0; 8]);
        number(word(&bytes, 0).unwrap())
    }

    #[test]
    fn digits_are_numbers_up_to_eight() {
        assert_eq!(read("12,7"), (12, 2));
        assert_eq!(read("0\n"), (0, 1));
        assert_eq!(read("99999999,"), (99_999_999, 8));
        assert_eq!(read("123456789"), (12_345_678, 8));
        for none in ["", "-1", ",1", ":", "/", "é1"] {
            assert_eq!(read(none).1, 0, "{none}");
        }
        for value in (0..99_999_999).step_by(9_973) {
            let text = value.to_string();
            assert_eq!(read(&format!("{text}\u{ff}9")), (value, text.len()));
        }
    }

    #[test]
    fn the_first_mark_is_found() {
        let found = marks(word(b"ab,c,def", 0).unwrap(), b',');
        assert_eq!(found.trailing_zeros() / 8, 2);
        assert_eq!(marks(word(b"abcdefgh", 0).unwrap(), b','), 0);
        assert_eq!(controls(word(b"ab c\r\nfg", 0).unwrap()).trailing_zeros() / 8, 4);
        assert_eq!(controls(word(b"ab c\x7f,~!", 0).unwrap()), 0);
    }
}
