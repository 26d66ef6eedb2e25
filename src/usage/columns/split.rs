//! One record of a table with all the rules of quotes: for rows that the quick way leaves.

/// The fields of a record and how many bytes it took.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// All fields, one after another, without their quotes.
    text: Vec<u8>,
    /// Where each field ends in `text`.
    ends: Vec<usize>,
    /// Bytes of the record with its line end.
    pub length: usize,
    /// Whether any field was quoted.
    pub quoted: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    FieldBegins,
    Plain,
    Quoted,
    AfterQuote,
}

impl Split {
    /// Splits the first record of `bytes`, which is no empty line; whether it is complete. At the end of the
    /// file (`last`) every record is.
    pub fn record(&mut self, bytes: &[u8], delimiter: u8, last: bool) -> bool {
        self.text.clear();
        self.ends.clear();
        self.quoted = false;
        let mut state = State::FieldBegins;
        for (at, &byte) in bytes.iter().enumerate() {
            state = match (state, byte) {
                (State::Quoted, b'"') => State::AfterQuote,
                (State::FieldBegins, b'"') => {
                    self.quoted = true;
                    State::Quoted
                }
                (State::Quoted, _) => self.push(byte, State::Quoted),
                (State::AfterQuote, b'"') => self.push(byte, State::Quoted),
                (_, b'\n' | b'\r') => {
                    self.ends.push(self.text.len());
                    self.length = at + 1;
                    return true;
                }
                (_, mark) if mark == delimiter => {
                    self.ends.push(self.text.len());
                    State::FieldBegins
                }
                _ => self.push(byte, State::Plain),
            };
        }
        self.ends.push(self.text.len());
        self.length = bytes.len();
        last
    }

    fn push(&mut self, byte: u8, state: State) -> State {
        self.text.push(byte);
        state
    }

    /// The fields.
    pub fn fields(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.text[start..*end])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All records of a text.
    fn all(text: &str) -> Vec<Vec<String>> {
        let (mut rest, mut split, mut records) = (text.as_bytes(), Split::default(), Vec::new());
        loop {
            let blank = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
            rest = &rest[blank..];
            if rest.is_empty() {
                return records;
            }
            assert!(split.record(rest, b',', true));
            records.push(split.fields().map(|field| String::from_utf8(field.to_vec()).unwrap()).collect());
            rest = &rest[split.length..];
        }
    }

    #[test]
    fn quotes_hold_delimiters_line_ends_and_quotes() {
        assert_eq!(all("a,\"b,\n\"\"c\"\"\"\r\n\r\nd,\"e\"f\n"), [["a", "b,\n\"c\""], ["d", "ef"]]);
        assert!(!Split::default().record(b"a,\"b\n", b',', false));
        assert!(!Split::default().record(b"a,b", b',', false));
    }

    proptest! {
        #[test]
        fn records_are_those_of_the_csv_crate(text in "[ab,\"\r\n]{0,40}") {
            let mut reader =
                csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let wanted: Vec<Vec<String>> =
                reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
            prop_assert_eq!(all(&text), wanted);
        }
    }
}
