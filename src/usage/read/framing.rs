//! From bytes to text: compression by its magic bytes, byte order marks, encodings, table or JSON.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::reading::{ReadError, Refused};
use crate::domain::problem::{Code, Problem};

/// How much is looked at before reading begins.
const PREFIX: usize = 64 * 1024;

/// The longest row, line or JSON value.
pub const LONGEST: u64 = 64 * 1024 * 1024;

/// The largest window of a zstd frame.
const LARGEST_WINDOW: u64 = 128 * 1024 * 1024;

/// A log as text.
pub struct Framed<'a> {
    /// The text, without a byte order mark.
    pub text: Box<dyn BufRead + 'a>,
    /// What its beginning looks like.
    pub shape: Shape,
    /// How it was compressed.
    pub compression: Option<&'static str>,
    /// Whether it had a byte order mark.
    pub marked: bool,
}

/// What a text looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// A table with a header.
    Table {
        /// What stands between its fields.
        delimiter: u8,
    },
    /// JSON values.
    Values,
}

/// Finds out how the bytes are packed and unpacks them.
///
/// # Errors
/// When they hold nothing, no UTF-8 text, or a kind of file that is not read here.
pub fn open<'a>(name: &str, input: Box<dyn Read + 'a>) -> Result<Framed<'a>, ReadError> {
    let mut raw = BufReader::with_capacity(PREFIX, input);
    let magic = raw.fill_buf()?;
    let (compression, mut plain): (_, Box<dyn Read + 'a>) = if magic.starts_with(&[0x1f, 0x8b]) {
        (Some("gzip"), Box::new(Unpacked { name: name.to_owned(), inner: MultiGzDecoder::new(raw) }))
    } else if magic.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        (Some("zstd"), Box::new(Unpacked { name: name.to_owned(), inner: Frames::new(raw) }))
    } else {
        (None, Box::new(raw))
    };
    let mut prefix = Vec::with_capacity(PREFIX);
    plain.by_ref().take(PREFIX as u64).read_to_end(&mut prefix)?;
    refuse_other_kinds(name, &prefix)?;
    let marked = prefix.starts_with(&[0xef, 0xbb, 0xbf]);
    if marked {
        prefix.drain(..3);
    }
    let Some(shape) = shape(&prefix) else {
        return Err(ReadError::input(
            Code::Empty,
            format!("{name} is empty"),
            "",
            "give a usage log with at least one row",
        ));
    };
    let text = Box::new(BufReader::with_capacity(PREFIX, Cursor::new(prefix).chain(plain)));
    Ok(Framed { text, shape, compression, marked })
}

/// What the text looks like; `None` if there is none.
fn shape(prefix: &[u8]) -> Option<Shape> {
    let text = prefix.trim_ascii_start();
    if matches!(text.first()?, b'{' | b'[') {
        return Some(Shape::Values);
    }
    let line = text.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let count = |mark: u8| line.iter().filter(|byte| **byte == mark).count();
    // A comma wins a tie, so that a header of one column is read as usual.
    let (mut delimiter, mut most) = (b',', count(b','));
    for other in [b'\t', b';', b'|'] {
        if count(other) > most {
            (delimiter, most) = (other, count(other));
        }
    }
    Some(Shape::Table { delimiter })
}

fn refuse_other_kinds(name: &str, prefix: &[u8]) -> Result<(), ReadError> {
    let zeros = |odd: usize| prefix.iter().take(64).skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let (found, help) = if prefix.starts_with(&[0xff, 0xfe])
        || prefix.starts_with(&[0xfe, 0xff])
        || (prefix.len() >= 8 && zeros(0).max(zeros(1)) >= prefix.len().min(64) / 2 - 1)
    {
        ("its bytes are UTF-16", format!("convert it: iconv -f UTF-16 -t UTF-8 {name} > converted"))
    } else if prefix.starts_with(b"PK\x03\x04") {
        ("it is a zip archive or a spreadsheet", "unpack it, or save the sheet as CSV".to_owned())
    } else if prefix.starts_with(b"PAR1") {
        ("it is a Parquet file", "export it as CSV or as JSON lines".to_owned())
    } else if prefix.contains(&0) {
        ("it holds zero bytes", "give a text file: CSV, JSON or JSON lines, plain, gzip or zstd".to_owned())
    } else {
        return Ok(());
    };
    Err(ReadError::input(Code::Syntax, format!("{name} is not a text in UTF-8"), found, help))
}

/// Unpacked bytes; what is wrong with the packed ones becomes a problem.
struct Unpacked<R> {
    name: String,
    inner: R,
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|error| {
            // The system's own errors are not the file's fault.
            if error.raw_os_error().is_some() || error.kind() == io::ErrorKind::Interrupted {
                return error;
            }
            io::Error::other(Refused(Problem {
                code: Code::Syntax,
                place: None,
                title: format!("{} cannot be unpacked to its end", self.name),
                found: "the compressed data is damaged or cut off".to_owned(),
                help: Some("copy it again, or unpack what is left of it and read that".to_owned()),
            }))
        })
    }
}

/// A zstd file: frames one after another.
struct Frames<R> {
    decoder: FrameDecoder,
    packed: R,
    inside: bool,
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.inside && !self.next_frame()? {
                return Ok(0);
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.packed, one).map_err(io::Error::other)?;
            }
            let read = self.decoder.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let (written, counted) =
                (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum());
            if written.zip(counted).is_some_and(|(written, counted)| written != counted) {
                return Err(io::Error::from(io::ErrorKind::InvalidData));
            }
            self.inside = false;
        }
    }
}

impl<R: BufRead> Frames<R> {
    fn new(packed: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(LARGEST_WINDOW);
        Frames { decoder, packed, inside: false }
    }

    /// Begins the next frame with data in it; whether there is one.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.packed.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.packed) {
                Ok(()) => {
                    self.inside = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    io::copy(&mut self.packed.by_ref().take(u64::from(length)), &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }
}

/// Ends a row that grows beyond all measure, of which the table's reader would hold everything.
pub struct Bounded<R> {
    inner: R,
    name: String,
    left: Rc<Cell<u64>>,
    last: Rc<Cell<u8>>,
}

/// What a [`Bounded`] is told, and tells, while another owns it.
#[derive(Clone)]
pub struct Bound {
    left: Rc<Cell<u64>>,
    last: Rc<Cell<u8>>,
}

impl Bound {
    /// A row has ended.
    pub fn row_ended(&self) {
        self.left.set(LONGEST);
    }

    /// The last byte that was read.
    pub fn last_byte(&self) -> u8 {
        self.last.get()
    }
}

impl<R: Read> Bounded<R> {
    /// The text, and the handle that says where rows end.
    pub fn new(inner: R, name: &str) -> (Self, Bound) {
        let bound = Bound { left: Rc::new(Cell::new(LONGEST)), last: Rc::new(Cell::new(b'\n')) };
        let Bound { left, last } = bound.clone();
        (Bounded { inner, name: name.to_owned(), left, last }, bound)
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left.get() == 0 {
            return Err(io::Error::other(Refused(too_long(&self.name))));
        }
        let read = self.inner.read(buffer)?;
        self.left.set(self.left.get().saturating_sub(read as u64));
        if let Some(byte) = buffer[..read].last() {
            self.last.set(*byte);
        }
        Ok(read)
    }
}

/// The problem with a row or value that is longer than any honest one.
pub fn too_long(name: &str) -> Problem {
    Problem {
        code: Code::TooLarge,
        place: None,
        title: format!("{name} has a row or JSON value of more than {} MB", LONGEST / (1024 * 1024)),
        found: String::new(),
        help: Some(
            "look for a quote that is never closed; split a long JSON page, or write one object a line"
                .to_owned(),
        ),
    }
}
