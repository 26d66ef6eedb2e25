//! Parts of a forecast: which trials a shard runs, and the file that it leaves.
//!
//! A part holds a line of JSON (what the job is: texts, digests, seed, trials) and then the numbers of its
//! batches as they are in memory, little-endian, each batch after its length; at the end the SHA-256 of all
//! before. Batches are the unit in which results are added up, so parts join to the very bytes of one run.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};

use super::files;
use super::outcome::Failure;
use crate::catalogue::{Catalogue, ExchangeRate};
use crate::domain::problem::Source;
use crate::engine::{Batch, Options};
use crate::workload::Scenario;

/// The first line of every part.
const MARK: &[u8] = b"tollcast part 1\n";
/// The length of a SHA-256.
const DIGEST: usize = 32;

/// Which part of how many, as written.
#[derive(Clone, Debug)]
pub struct ShardArgument {
    /// Counting from 1; `None` for `auto`.
    index: Option<u32>,
    count: Option<u32>,
}

/// One of `count` equal parts, counting from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which.
    pub index: u32,
    /// Of how many.
    pub count: u32,
}

impl ShardArgument {
    /// Reads `3/8`, `auto` or `auto/8`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (index, count) = match text.split_once('/') {
            Some((index, count)) => (index, Some(count)),
            None => (text, None),
        };
        let number = |text: &str| text.parse::<u32>().ok().filter(|n| *n >= 1);
        let wanted = || "expected I/N with 1 ≤ I ≤ N, for instance 3/8; or auto, or auto/8".to_owned();
        let count = count.map(|count| number(count).ok_or_else(wanted)).transpose()?;
        if index == "auto" {
            return Ok(ShardArgument { index: None, count });
        }
        match (number(index), count) {
            (Some(index), Some(count)) if index <= count => {
                Ok(ShardArgument { index: Some(index), count: Some(count) })
            }
            _ => Err(wanted()),
        }
    }

    /// The shard, with what `auto` leaves open from the environment of an array job.
    pub fn resolved(&self) -> Result<Shard, Failure> {
        self.from(&|name| std::env::var(name).ok())
    }

    fn from(&self, variable: &dyn Fn(&str) -> Option<String>) -> Result<Shard, Failure> {
        if let (Some(index), Some(count)) = (self.index, self.count) {
            return Ok(Shard { index, count });
        }
        let number = |name: &str| variable(name).and_then(|text| text.trim().parse::<u32>().ok());
        // Slurm counts from any number, AWS Batch and Kubernetes from 0.
        let slurm = number("SLURM_ARRAY_TASK_ID").map(|id| {
            (id.checked_sub(number("SLURM_ARRAY_TASK_MIN").unwrap_or(0)), number("SLURM_ARRAY_TASK_COUNT"))
        });
        let aws =
            number("AWS_BATCH_JOB_ARRAY_INDEX").map(|id| (Some(id), number("AWS_BATCH_JOB_ARRAY_SIZE")));
        let kubernetes = number("JOB_COMPLETION_INDEX").map(|id| (Some(id), None));
        let Some((from_zero, known)) = slurm.or(aws).or(kubernetes) else {
            return Err(Failure::usage(
                "--shard auto outside of an array job",
                "none of SLURM_ARRAY_TASK_ID, AWS_BATCH_JOB_ARRAY_INDEX and JOB_COMPLETION_INDEX is a number from 0 on; write --shard I/N",
            ));
        };
        let Some(count) = self.count.or(known) else {
            return Err(Failure::usage(
                "--shard auto does not know how many parts there are",
                "Kubernetes tells an index only: write --shard auto/N with the Job's completions",
            ));
        };
        match from_zero.and_then(|index| index.checked_add(1)) {
            Some(index) if index <= count => Ok(Shard { index, count }),
            _ => Err(Failure::usage(
                &format!("the array's index lies outside of {count} parts"),
                "let the array have as many tasks as there are parts, with a step of 1",
            )),
        }
    }
}

impl Shard {
    /// Its batches out of `all`.
    pub fn batches(&self, all: u32) -> Result<Range<u32>, Failure> {
        if self.count > all {
            return Err(Failure::usage(
                &format!("{} parts of {all} batches of trials", self.count),
                &format!("ask for at most {all} parts, or for more trials"),
            ));
        }
        let edge = |index: u32| (u64::from(all) * u64::from(index) / u64::from(self.count)) as u32;
        Ok(edge(self.index - 1)..edge(self.index))
    }
}

/// The texts that a job was made from.
pub struct Sources<'a> {
    /// The scenario and what it extends.
    pub scenario: &'a [Arc<Source>],
    /// Price files over the built-in ones.
    pub over: &'a [Arc<Source>],
    /// Exchange rates.
    pub exchange: &'a [ExchangeRate],
}

/// What a part says of its job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// What has to be the same in all parts.
    pub job: Job,
    /// The first batch.
    pub first: u32,
    /// The batch after the last.
    pub end: u32,
}

/// A job that parts belong to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Version of the tool.
    pub tool_version: String,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Trials of all parts together.
    pub trials: u32,
    /// `fast`, `exact` or `exact-fma`.
    pub estimator: String,
    /// `sobol` or `random`.
    pub sampler: String,
    /// Digest of the scenario and what it extends.
    pub scenario_sha256: String,
    /// Digest of all price files.
    pub pricing_sha256: String,
    /// The command that gives the whole in one run.
    pub command: String,
    /// Names and texts of the scenario and what it extends.
    pub scenario: Vec<(String, String)>,
    /// Names and texts of price files over the built-in ones.
    pub over: Vec<(String, String)>,
    /// Exchange rates as written.
    pub exchange: Vec<String>,
}

impl Header {
    /// The header of some batches of a job.
    pub fn new(
        scenario: &Scenario,
        catalogue: &Catalogue,
        options: &Options,
        command: String,
        batches: &Range<u32>,
        sources: &Sources<'_>,
    ) -> Self {
        let texts =
            |list: &[Arc<Source>]| list.iter().map(|s| (s.name.clone(), s.text.to_string())).collect();
        let job = Job {
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            seed: options.seed,
            trials: options.trials,
            estimator: options.estimator.name().to_owned(),
            sampler: options.sampler.name().to_owned(),
            scenario_sha256: scenario.digest.clone(),
            pricing_sha256: catalogue.digest.clone(),
            command,
            scenario: texts(sources.scenario),
            over: texts(sources.over),
            exchange: sources.exchange.iter().map(ToString::to_string).collect(),
        };
        Header { job, first: batches.start, end: batches.end }
    }
}

/// A part as read: its header, and the numbers of its batches.
pub struct Part {
    /// What it is of.
    pub header: Header,
    /// One list per batch.
    pub batches: Vec<Vec<f64>>,
}

/// Writes a part: beside its place first, then renamed.
pub fn write(target: &Path, header: &Header, batches: &[Batch]) -> anyhow::Result<()> {
    let mut bytes = MARK.to_vec();
    serde_json::to_writer(&mut bytes, header)?;
    bytes.push(b'\n');
    for batch in batches {
        let numbers = batch.numbers();
        bytes.extend((numbers.len() as u64).to_le_bytes());
        numbers.iter().for_each(|number| bytes.extend(number.to_le_bytes()));
    }
    bytes.extend(crate::catalogue::sha256(&bytes));
    files::replace(target, &bytes)
}

/// Whether a whole part with this header is at a place already.
///
/// # Errors
/// Something else is there.
pub fn is_there(target: &Path, header: &Header) -> anyhow::Result<bool> {
    if std::fs::symlink_metadata(target).is_err() {
        return Ok(false);
    }
    match read(target) {
        Ok(part) if part.header == *header => Ok(true),
        Ok(_) => bail!(
            "{} is a part of another job or of other trials; choose another place for --out",
            target.display()
        ),
        Err(_) => bail!(
            "{} exists and is not a whole part; remove it, or choose another place for --out",
            target.display()
        ),
    }
}

/// Reads a part.
///
/// # Errors
/// A file that is no part, or was cut or changed.
pub fn read(path: &Path) -> anyhow::Result<Part> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    read_bytes(&bytes).with_context(|| format!("{} cannot be joined", path.display()))
}

fn read_bytes(bytes: &[u8]) -> anyhow::Result<Part> {
    let rest =
        bytes.strip_prefix(MARK).context("it is no part of a forecast (see `tollcast simulate --shard`)")?;
    ensure!(rest.len() > DIGEST, "it was cut short");
    let (whole, digest) = bytes.split_at(bytes.len() - DIGEST);
    ensure!(
        crate::catalogue::sha256(whole) == digest,
        "it was cut short or changed: its digest does not fit"
    );
    let rest = &rest[..rest.len() - DIGEST];
    let end = rest.iter().position(|byte| *byte == b'\n').context("its header has no end")?;
    let header: Header = serde_json::from_slice(&rest[..end]).context("its header is of another version")?;
    let mut numbers = &rest[end + 1..];
    let mut batches = Vec::new();
    while let Some((length, more)) = numbers.split_first_chunk::<8>() {
        let length = usize::try_from(u64::from_le_bytes(*length)).context("a batch is too long")?;
        let size =
            length.checked_mul(8).filter(|size| *size <= more.len()).context("a batch is cut short")?;
        let (own, left) = more.split_at(size);
        batches.push(own.as_chunks::<8>().0.iter().map(|number| f64::from_le_bytes(*number)).collect());
        numbers = left;
    }
    ensure!(numbers.is_empty(), "bytes are left over");
    Ok(Part { header, batches })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_share_the_batches_without_gap_or_overlap() {
        for (all, count) in [(1, 1), (16, 8), (17, 8), (128, 3), (7, 7)] {
            let ranges: Vec<Range<u32>> = (1..=count)
                .map(|index| Shard { index, count }.batches(all).unwrap_or_else(|_| panic!("{all}/{count}")))
                .collect();
            assert_eq!((ranges[0].start, ranges[ranges.len() - 1].end), (0, all));
            assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert!(ranges.iter().all(|range| !range.is_empty()));
        }
    }

    #[test]
    fn arrays_of_three_schedulers_are_understood() {
        let shard = |text: &str, variables: &[(&str, &str)]| {
            let argument = ShardArgument::parse(text).unwrap();
            let variable = |name: &str| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            };
            argument.from(&variable).ok()
        };
        let slurm =
            [("SLURM_ARRAY_TASK_ID", "12"), ("SLURM_ARRAY_TASK_MIN", "10"), ("SLURM_ARRAY_TASK_COUNT", "4")];
        assert_eq!(shard("auto", &slurm), Some(Shard { index: 3, count: 4 }));
        let aws = [("AWS_BATCH_JOB_ARRAY_INDEX", "0"), ("AWS_BATCH_JOB_ARRAY_SIZE", "5")];
        assert_eq!(shard("auto", &aws), Some(Shard { index: 1, count: 5 }));
        assert_eq!(shard("auto/6", &[("JOB_COMPLETION_INDEX", "5")]), Some(Shard { index: 6, count: 6 }));
        assert_eq!(shard("auto", &[("JOB_COMPLETION_INDEX", "5")]), None);
        assert_eq!(shard("auto/5", &[("JOB_COMPLETION_INDEX", "5")]), None);
        assert_eq!(shard("auto/5", &[]), None);
        assert_eq!(shard("2/3", &[]), Some(Shard { index: 2, count: 3 }));
        for wrong in ["0/3", "4/3", "3", "1/0", "a/2", "-1/2", "auto/0", "", "1/2/3"] {
            assert!(ShardArgument::parse(wrong).is_err(), "{wrong}");
        }
    }
}
